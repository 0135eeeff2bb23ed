import Synchronization
import SystemIO

/// Records that stay although all consumers have passed them, for reading them again.
package struct ReplayWindow: Sendable, Equatable {
    /// Files stay this long after the next one was begun: all in them arrived before that.
    package var age: Duration
    /// The most bytes of such files: beyond, the oldest go although they are young.
    package var bytes: Int

    /// Bounds the window.
    package init(age: Duration, bytes: Int) {
        self.age = age
        self.bytes = bytes
    }

    /// Nothing stays.
    package static let none = ReplayWindow(age: .zero, bytes: 0)

    /// Whether the oldest file stays.
    ///
    /// - Parameters:
    ///   - begun: when the file behind it was begun; of that time the clock may have been wrong.
    ///   - passedBytes: of all files that consumers have passed.
    ///   - now: nanoseconds since the epoch.
    /// - Returns: false when it may be removed.
    func keeps(fileFollowedAt begun: Int64, passedBytes: Int, now: Int64) -> Bool {
        guard age > .zero, passedBytes <= bytes else { return false }
        return Duration.nanoseconds(now &- begun) < age
    }
}

extension JournalDirectory {
    /// Removes the files whose records all have numbers below `position`, but for what the window keeps of them. The
    /// last file always stays.
    ///
    /// - Parameters:
    ///   - position: the lowest cursor.
    ///   - window: what stays for reading again although nobody needs it.
    ///   - now: nanoseconds since the epoch.
    /// - Returns: the bytes freed.
    /// - Throws: when a file cannot be removed; those before it are gone.
    @discardableResult
    package func removeFiles(
        before position: JournalPosition, keeping window: ReplayWindow = .none, now: Int64 = SystemClock.wallNanos()
    ) throws(JournalError) -> Int {
        var freed = 0
        while true {
            let file = state.withLock { state -> File? in
                guard state.files.count > 1, state.files[1].first <= position else { return nil }
                let passed = zip(state.files, state.files.dropFirst()).prefix { $1.first <= position }
                    .reduce(0) { $0 + $1.0.committedBytes }
                guard !window.keeps(fileFollowedAt: state.files[1].begunTime, passedBytes: passed, now: now) else {
                    return nil
                }
                return state.files.removeFirst()
            }
            guard let file else { break }
            do throws(IOError) {
                try FileSystem.remove(file.path)
                freed += file.committedBytes
            } catch  where error.isMissing {
                continue
            } catch {
                // Only this call removes from the front, and the writer adds at the end.
                state.withLock { $0.files.insert(file, at: 0) }
                throw .io(error)
            }
        }
        if freed > 0 {
            do throws(IOError) { try FileSystem.syncDirectory(path) } catch { throw .io(error) }
        }
        return freed
    }

    /// Removes all files, the last one too; only the writer, or who knows that there is none, may call it.
    ///
    /// - Throws: when a file cannot be removed; those before it are gone.
    package func removeAllFiles() throws(JournalError) {
        while let file = state.withLock({ $0.files.isEmpty ? nil : $0.files.removeFirst() }) {
            do throws(IOError) { try FileSystem.remove(file.path) } catch  where error.isMissing {
                continue
            } catch {
                state.withLock { $0.files.insert(file, at: 0) }
                throw .io(error)
            }
        }
        do throws(IOError) { try FileSystem.syncDirectory(path) } catch { throw .io(error) }
    }

    /// The bytes of the files that ``removeFiles(before:keeping:now:)`` would remove, without a window.
    package func bytes(before position: JournalPosition) -> Int {
        state.withLock { state in
            zip(state.files, state.files.dropFirst()).prefix { $1.first <= position }
                .reduce(0) { $0 + $1.0.committedBytes }
        }
    }

    /// The first number of the file behind the one that holds `position`; nil when that is the last, or there is none.
    package func boundOfFile(at position: JournalPosition) -> JournalPosition? { view(at: position)?.bound }
}
