/// Decides on proposed tokens so that the output is distributed exactly as the target's own.
///
/// With p for the target and q for the proposer, both after temperature, top-k and top-p, a
/// proposed x is accepted with probability min(1, p(x) / q(x)); in place of a rejected one a token
/// is drawn from max(0, p - q), normalised (Leviathan et al., arXiv 2211.17192; Chen et al.,
/// 2302.01318). At temperature 0 a token is accepted when it is the one that the target chooses.
package struct AcceptanceRule {
    private var sampler: Sampler
    /// q by token; zero between calls.
    private var proposed: [Double]
    private let residual: (_ p: Double, _ q: Double) -> Double

    package init(vocabulary: Int, sampling: SamplingOptions) {
        self.init(vocabulary: vocabulary, sampling: sampling) { max(0, $0 - $1) }
    }

    /// - Parameter residual: what replaces rejected tokens; another one than that above is for
    ///   tests, which must notice.
    init(
        vocabulary: Int, sampling: SamplingOptions,
        residual: @escaping (_ p: Double, _ q: Double) -> Double
    ) {
        var own = sampling
        own.seed ^= 0x2545_f491_4f6c_dd1d
        sampler = Sampler(own)
        proposed = Array(repeating: 0, count: sampling.temperature == 0 ? 0 : vocabulary)
        self.residual = residual
    }

    /// The target's own choice where nothing was proposed.
    mutating func choose(_ logits: UnsafeBufferPointer<Float>) -> Int32 { sampler.choose(logits) }

    /// The token that stands where `candidate` was proposed.
    ///
    /// - Parameter logits: the target's [V] at that place.
    mutating func judge(_ candidate: ProposedToken, _ logits: UnsafeBufferPointer<Float>)
        -> (token: Int32, isAccepted: Bool)
    {
        if sampler.options.temperature == 0 {
            let choice = sampler.choose(logits)
            return (choice, choice == candidate.id)
        }
        let target = sampler.distribution(logits)
        let p = target.first { $0.token == candidate.id }?.probability ?? 0
        let q =
            candidate.distribution.isEmpty
            ? 1 : candidate.distribution.first { $0.token == candidate.id }?.probability ?? 0
        if sampler.nextUnitInterval() * q < p { return (candidate.id, true) }
        return (replacement(of: candidate, target), false)
    }

    private mutating func replacement(of candidate: ProposedToken, _ target: [TokenProbability])
        -> Int32
    {
        if candidate.distribution.isEmpty { proposed[Int(candidate.id)] = 1 }
        for (token, probability) in candidate.distribution { proposed[Int(token)] = probability }
        let rest = target.map { ($0.token, residual($0.probability, proposed[Int($0.token)])) }
        proposed[Int(candidate.id)] = 0
        for (token, _) in candidate.distribution { proposed[Int(token)] = 0 }
        // Nothing is left where p and q are equal to rounding.
        let total = rest.reduce(0) { $0 + $1.1 }
        return sampler.draw(
            from: total > 0 ? rest.map { (token: $0.0, probability: $0.1 / total) } : target)
    }
}
