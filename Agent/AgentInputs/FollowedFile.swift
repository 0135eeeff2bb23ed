import AgentPipeline
import ByteCoding
import SystemIO

/// An open file that can be kept in a reference.
final class FileHandle {
    let file: OpenFile

    init(_ path: String) throws(IOError) {
        file = try OpenFile(path, .read)
    }
}

/// One file that is followed. Belongs to its ``FileFollower``.
final class FollowedFile {
    /// How far it has been read, and what it is known by.
    var state: SourceState
    /// Where the file is now; differs from `state.path` after it was renamed.
    var location: String
    var profile: SourceProfile
    /// Nil while it is closed to save descriptors; then all of it has been read.
    var handle: FileHandle?
    /// The first bytes of the file, which ``SourceState/prefixHash`` covers.
    var prefix: [UInt8] = []
    /// Whether its path names another file now, or none.
    var isRotated = false
    /// Whether one of the patterns found it in the last look-up.
    var isMatched = false
    /// When it was last seen to grow or change, monotonic.
    var changedAt: UInt64
    /// Size and time of change when it was last read to the end of its complete lines; nil when there may be more.
    var seen: (size: Int, modified: Int64)?
    /// When all of its complete lines had been read for the last time, monotonic; nil while there was always more.
    var caughtUpAt: UInt64?
    /// Size and time of change when it was last looked at.
    var observed: (size: Int, modified: Int64)?
    /// Whether it has been handed over as quiet since it last changed.
    var wasQuiet = false
    /// Whether it looks like a copy of another file, and waits for the decision.
    var isSuspect = false
    /// Whether it has been found to be no copy.
    var isOriginal = false
    /// The size when it was last looked at.
    var size = 0
    /// Whether the follower has let it go.
    var isDropped = false

    init(_ state: SourceState, at location: String, profile: SourceProfile, now: UInt64) {
        self.state = state
        self.location = location
        self.profile = profile
        changedAt = now
    }

    /// Whether it is this file.
    func isSame(_ status: FileStatus) -> Bool { status.device == state.device && status.inode == state.inode }

    /// Extends the identity by bytes that were read at the state's offset, of which `taken` were dealt with.
    func advance(over bytes: UnsafeRawBufferPointer, taken: Int) {
        let room = SourceState.prefixLimit - prefix.count
        if room > 0 {
            prefix.append(contentsOf: bytes.prefix(min(room, taken)))
            state.prefixLength = prefix.count
            state.prefixHash = prefix.withUnsafeBytes { hash64($0) }
        }
        state.offset += taken
    }
}

extension SourceState {
    /// The state cut back to a file that has only `size` bytes; `prefix` are its first ones.
    func limited(to size: Int, prefix: [UInt8]) -> SourceState {
        if size >= offset { return self }
        var state = self
        state.offset = size
        state.parts = 0
        let known = prefix.prefix(size)
        state.prefixLength = known.count
        state.prefixHash = known.withUnsafeBytes { hash64($0) }
        return state
    }
}

/// What looking at a file's first bytes told.
enum PrefixCheck {
    /// They are those that were read; here they are.
    case same([UInt8])
    /// They are others, or there are fewer.
    case different
}

/// Compares the first bytes of an open file with what is known of them.
func checkPrefix(_ handle: FileHandle, _ state: SourceState) throws(IOError) -> PrefixCheck {
    if state.prefixLength == 0 { return .same([]) }
    let bytes = try handle.file.bytes(at: 0, count: state.prefixLength)
    if bytes.count == state.prefixLength, bytes.withUnsafeBytes({ hash64($0) }) == state.prefixHash {
        return .same(bytes)
    }
    return .different
}

/// The last part of a path.
func baseName(_ path: String) -> String {
    path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: Array($0), as: UTF8.self) } ?? path
}

/// Whether `name` could be what a rotation made of `base`: `app.log.1`, `app.log-20260614`.
func isRotationName(_ name: String, of base: String) -> Bool {
    name.utf8.count > base.utf8.count + 1 && (name.hasPrefix(base + ".") || name.hasPrefix(base + "-"))
}
