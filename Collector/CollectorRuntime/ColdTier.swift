import Diagnostics
import ObjectStores
import StoreEngine
import SystemIO

extension Collector {
    /// Opens the object store of the settings.
    ///
    /// One that is away, or not ours, does not keep a collector from starting: what is in it cannot be read, and answers
    /// say so.
    static func openObjectStore(
        _ settings: StorageSettings.ColdTier, _ path: String, _ log: DiagnosticLog
    ) throws -> ColdStorage {
        let owner = try storeID(path)
        // A stub tells that the store has been used: then an empty directory is not a new store but one not mounted.
        let names = (try? FileSystem.list("\(path)/segments")) ?? []
        let store = DirectoryStore(settings.directory, owner: owner)
        do throws(ObjectStoreError) {
            try store.open(mayClaim: !names.contains { $0.hasSuffix(".stub") })
        } catch {
            log.error("the object store cannot be used; cold segments cannot be read until it can", ("error", error))
        }
        var options = DownloadCache.Options(directory: "\(path)/cache", maxBytes: settings.cacheBytes)
        options.timeLimit = settings.readTimeout
        return ColdStorage(store, cache: try DownloadCache(store, options))
    }

    /// The word by which an object store knows this data directory, made at the first start.
    private static func storeID(_ path: String) throws(IOError) -> String {
        let file = "\(path)/store-id"
        // One that is there and cannot be read must stay: with another word the store would not know its owner.
        if try FileSystem.status(file) != nil {
            let text = String(decoding: try FileSystem.contents(file, limit: 200), as: UTF8.self)
            if let word = text.split(whereSeparator: \.isWhitespace).first { return String(word) }
        }
        let id = (0..<2).map { _ in String(UInt64.random(in: 0 ... .max), radix: 36) }.joined()
        try FileSystem.writeAtomically(file, Array("\(id)\n".utf8))
        return id
    }
}
