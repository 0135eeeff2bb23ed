import AgentPipeline
package import SystemIO

/// Batches that the collector has refused, with the reason, as files for people to look into: `zstd -d` and the batch
/// format open them. Bounded: when it is full, nothing more is put aside, and the next refused batch is held.
package final class RejectedBatches {
    private let directory: String
    private let limitBytes: Int

    /// Keeps at most `limitBytes` in a directory, which is made with the first batch.
    package init(_ directory: String, limitBytes: Int = 64 << 20) {
        self.directory = directory
        self.limitBytes = limitBytes
    }

    /// Puts a batch aside; durable when it returns.
    ///
    /// - Returns: the path of its file, or nil when there is no room.
    /// - Throws: `IOError` when it cannot be written.
    package func put(_ batch: SpoolRecord, reason: String) throws(IOError) -> String? {
        try FileSystem.createDirectory(directory)
        var bytes = 0
        for name in try FileSystem.list(directory) { bytes += try FileSystem.status("\(directory)/\(name)")?.size ?? 0 }
        let body = Array(batch.payload[batch.bodyStart...])
        if bytes + body.count > limitBytes { return nil }
        let path = "\(directory)/\(batch.epoch)-\(batch.sequence)"
        let note = "reason: \(reason)\nagent: \(batch.agent)\nevents: \(batch.events)\nfiles:\n"
        let old = batch.progress.map { "  \($0.state.path) bytes \($0.from) to \($0.state.offset)\n" }
        let shares = batch.shares.map { "  \($0.path) bytes \($0.bytes.lowerBound) to \($0.bytes.upperBound)\n" }
        let files = (old + shares).joined()
        try FileSystem.writeAtomically(path + ".reason", Array((note + files).utf8))
        try FileSystem.writeAtomically(path + ".batch.zst", body)
        return path + ".batch.zst"
    }
}
