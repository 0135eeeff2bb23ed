package import SystemIO

/// Room on the disk that is kept for bad times: a file whose blocks are reserved and that nobody reads.
///
/// When the disk is full, removing it gives the room that is needed to start, to write what is in memory, and to delete
/// what policy allows. One thread.
package struct Headroom {
    /// The file.
    package let path: String
    /// Bytes to reserve; 0 for no headroom.
    package let bytes: Int

    /// The least and the most bytes that are reserved when nobody says how many.
    package static let usualBytes = (16 << 20)...(256 << 20)

    /// Names the file. Nothing is reserved yet.
    ///
    /// - Parameters:
    ///   - directory: the data directory.
    ///   - bytes: how many bytes to reserve.
    package init(directory: String, bytes: Int) {
        path = "\(directory)/headroom"
        self.bytes = bytes
    }

    /// How many bytes to reserve on a disk when nobody says: 1 % of it, but no eighth of a small one.
    package static func usual(on disk: FreeSpace) -> Int {
        let percent = min(max(disk.total / 100, usualBytes.lowerBound), usualBytes.upperBound)
        return min(percent, disk.total / 8)
    }

    /// Whether all of it is reserved.
    package var isHeld: Bool {
        // The file gets its length only when its blocks are reserved.
        bytes > 0 && (try? FileSystem.status(path))??.size == bytes
    }

    /// Reserves the room. Without effect when it is reserved already.
    ///
    /// - Throws: when the disk does not have it, or cannot reserve: nothing is reserved then.
    package func take() throws(IOError) {
        if isHeld { return }
        try give()
        if bytes == 0 { return }
        do throws(IOError) {
            let file = try OpenFile(path, .create)
            try file.allocate(bytes)
            try file.truncate(to: bytes)
            try file.syncAll()
        } catch {
            try? FileSystem.remove(path)
            throw error
        }
    }

    /// Gives the room to whoever needs it. Without effect when none is reserved.
    ///
    /// - Throws: when the file cannot be removed.
    package func give() throws(IOError) {
        do throws(IOError) { try FileSystem.remove(path) } catch { if !error.isMissing { throw error } }
    }
}
