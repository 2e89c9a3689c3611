/// The 57 subjects of MMLU in the four groups of lm-evaluation-harness.
///
/// The groups are the harness's and not the authors': `anatomy` counts as STEM here.
package enum MMLUSubjects {
    package enum Group: String, CaseIterable, Sendable {
        case stem
        case other
        case socialSciences = "social_sciences"
        case humanities

        /// Sorted.
        package var subjects: [String] {
            switch self {
            case .stem:
                [
                    "abstract_algebra", "anatomy", "astronomy", "college_biology",
                    "college_chemistry", "college_computer_science", "college_mathematics",
                    "college_physics", "computer_security", "conceptual_physics",
                    "electrical_engineering", "elementary_mathematics", "high_school_biology",
                    "high_school_chemistry", "high_school_computer_science",
                    "high_school_mathematics", "high_school_physics", "high_school_statistics",
                    "machine_learning",
                ]
            case .other:
                [
                    "business_ethics", "clinical_knowledge", "college_medicine", "global_facts",
                    "human_aging", "management", "marketing", "medical_genetics",
                    "miscellaneous", "nutrition", "professional_accounting",
                    "professional_medicine", "virology",
                ]
            case .socialSciences:
                [
                    "econometrics", "high_school_geography",
                    "high_school_government_and_politics", "high_school_macroeconomics",
                    "high_school_microeconomics", "high_school_psychology", "human_sexuality",
                    "professional_psychology", "public_relations", "security_studies",
                    "sociology", "us_foreign_policy",
                ]
            case .humanities:
                [
                    "formal_logic", "high_school_european_history", "high_school_us_history",
                    "high_school_world_history", "international_law", "jurisprudence",
                    "logical_fallacies", "moral_disputes", "moral_scenarios", "philosophy",
                    "prehistory", "professional_law", "world_religions",
                ]
            }
        }
    }

    /// The group of a subject; nil for a subject that MMLU does not have.
    package static func group(of subject: String) -> Group? { groups[subject] }

    private static let groups: [String: Group] = {
        var groups: [String: Group] = [:]
        for group in Group.allCases {
            for subject in group.subjects { groups[subject] = group }
        }
        return groups
    }()
}
