import AgentPipeline
import SystemIO

/// Reading what files have.
extension FileFollower {
    /// Reads a run of bytes of a file, if it has some that are not dealt with.
    func read(
        _ file: FollowedFile, at now: UInt64, _ consumer: any FollowConsumer, _ round: inout FollowRound
    ) {
        file.lookedAt = now
        do throws(IOError) {
            guard file.handle != nil || needsHandle(file) else {
                // One that was rotated and closed is done with when it is gone.
                if file.isRotated, !locate(file) { miss(file, at: now, consumer) }
                return
            }
            if file.handle == nil {
                // Without room it has its turn when others are closed.
                if !makeRoomForHandle() { return }
                if !reopen(file, at: now, consumer) { return }
            }
            guard let handle = file.handle else { return }
            let status = try handle.status()
            file.failure = nil
            file.size = status.size
            // What a packed file says of its length is that of its last part, and of that the lower 32 bits.
            if status.size < file.state.offset, !file.isPacked { return truncated(file, at: now, consumer, &round) }
            if file.isLeftOut, status.size >= file.observed?.size ?? 0 {
                file.observed = FileStamp(status)
                file.seen = file.observed
                return
            }
            let stamp = FileStamp(status)
            if let observed = file.observed, observed != stamp {
                file.changedAt = now
                file.wasQuiet = false
            }
            file.observed = stamp
            let isFinal = isFinal(file, at: now)
            let isQuiet = isQuiet(file, at: now)
            if file.seen == stamp, !((isFinal || isQuiet) && status.size > file.state.offset) {
                file.caughtUpAt = now
                return
            }
            if file.state.offset == 0, mayBeCopy(file, handle, status, at: now) { return }
            let ending: ReadEnding = isFinal ? .final : isQuiet ? .quiet : .open
            try readLines(file, handle, status, atEnd: ending, at: now, consumer, &round)
        } catch {
            if error.isDamage, file.isPacked {
                // It will not get better: what could be read has been.
                consumer.report(.failed(path: file.location, reason: error.description))
                consumer.lost(FollowLoss(reason: .gone, path: file.state.path, bytes: 0, since: nil))
                return drop(file, consumer)
            }
            failed(file, error, at: now, consumer)
        }
    }

    /// Opens a file that has something to read, for when there is room.
    func hold(_ file: FollowedFile, at now: UInt64, _ consumer: any FollowConsumer) {
        file.lookedAt = now
        guard needsHandle(file), openFiles < options.openLimit, reopen(file, at: now, consumer),
            let status = try? file.handle?.status()
        else { return }
        file.size = status.size
    }

    /// Tells once why a file cannot be read, and puts it off.
    private func failed(_ file: FollowedFile, _ error: IOError, at now: UInt64, _ consumer: any FollowConsumer) {
        let reason = error.description
        if file.failure?.reason != reason { consumer.report(.failed(path: file.location, reason: reason)) }
        file.failure = (reason, now &+ options.retryDelay)
    }

    /// Whether a last line without a line feed counts.
    private func isFinal(_ file: FollowedFile, at now: UInt64) -> Bool {
        options.readsOnce || (file.isRotated && now &- file.changedAt >= options.lastLineDelay)
    }

    /// Whether nothing has come for so long that an event of several lines counts as whole.
    private func isQuiet(_ file: FollowedFile, at now: UInt64) -> Bool {
        guard let delay = file.profile.quietDelay, !file.wasQuiet else { return false }
        return now &- file.changedAt >= delay
    }

    private func readLines(
        _ file: FollowedFile, _ handle: FileHandle, _ status: FileStatus, atEnd: ReadEnding, at now: UInt64,
        _ consumer: any FollowConsumer, _ round: inout FollowRound
    ) throws(IOError) {
        guard consumer.makeRoom() else {
            round.isPaused = true
            return
        }
        let from = file.state.offset
        let (encoding, largest) = (file.profile.encoding, options.largestChunkBytes * file.profile.encoding.unitBytes)
        var wanted = options.chunkBytes
        while true {
            if buffer.count < wanted {
                buffer.deallocate()
                buffer = .allocate(byteCount: wanted, alignment: 16)
            }
            let count = try handle.read(into: .init(rebasing: buffer[..<wanted]), at: from)
            // Only now it is certain that these bytes followed those that were dealt with: had the file been
            // truncated before the read, its size or its first bytes would tell.
            let after = try handle.status()
            file.size = after.size
            guard after.size >= from + count, case .same(let prefix) = try checkPrefix(handle, file.state) else {
                return truncated(file, at: now, consumer, &round)
            }
            if file.prefix.isEmpty { file.prefix = prefix }
            if from == 0, isLeftOut(file, .init(rebasing: buffer[..<min(count, SourceState.prefixLimit)]), consumer) {
                file.seen = FileStamp(after)
                return
            }
            if encoding == .utf16, from > 0, file.state.isBigEndian == nil {
                file.state.isBigEndian = prefix.starts(with: [0xFE, 0xFF])
            }
            let reachesEnd = count < wanted || from + count >= after.size
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            // What has come since the decision may be the next line of an event.
            let isStill = after.size == status.size && after.modifiedNanos == status.modifiedNanos
            let ending = reachesEnd && (isStill || atEnd == .final) ? atEnd : .open
            let taken = count == 0 ? 0 : consumer.take(bytes, of: &file.state, profile: file.profile, ending: ending)
            if ending == .quiet, taken == count || taken == 0 { file.wasQuiet = true }
            if taken > 0 {
                file.advance(over: bytes, taken: taken)
                round.bytes += taken
                consumer.advanced(file.state, from: from)
            }
            if reachesEnd, taken == count || taken == 0 {
                // All is taken, or the rest is no complete line: nothing to do until the file changes.
                file.seen = FileStamp(after)
                file.caughtUpAt = now
            } else {
                file.seen = nil
                if taken == 0, wanted < largest {
                    wanted = largest
                    continue
                }
                round.hasMore = true
            }
            return
        }
    }

    /// Whether a file begins with binary data, and such are not wanted. Those that are wanted are told of as well.
    private func isLeftOut(
        _ file: FollowedFile, _ first: UnsafeRawBufferPointer, _ consumer: any FollowConsumer
    ) -> Bool {
        file.isLeftOut = false
        guard file.profile.encoding.unitBytes == 1, first.contains(0) else { return false }
        if file.treatment.skipsBinary {
            file.isLeftOut = true
            leaveOut(file.location, "it begins with binary data", consumer)
            return true
        }
        if !file.isBinaryReported { consumer.report(.binary(path: file.location)) }
        file.isBinaryReported = true
        return false
    }

    /// Leaves out what is in a file that has just been found, but for a last line that is not complete.
    func skip(_ file: FollowedFile, _ consumer: any FollowConsumer) {
        do throws(IOError) {
            let handle = try FileHandle(file.location)
            let size = try handle.status().size
            let start = max(0, size - options.chunkBytes) & ~(file.profile.encoding.unitBytes - 1)
            let end = try handle.bytes(at: start, count: size - start)
            let offset = endOfLines(
                in: end, at: start, of: file.profile.encoding, first: try handle.bytes(at: 0, count: 2))
            file.prefix = []
            let first = try handle.bytes(at: 0, count: min(offset, SourceState.prefixLimit))
            first.withUnsafeBytes { file.advance(over: $0, taken: $0.count) }
            if first.count == min(offset, SourceState.prefixLimit) { file.state.offset = offset }
            file.prefix = []
            file.isOriginal = true
            file.size = size
            consumer.report(.skipped(path: file.location, offset: file.state.offset))
            if file.state.offset > 0 { consumer.skipped(file.state) }
        } catch {
            // It is read when it can be opened: a line too many is better than one too few.
            consumer.report(.failed(path: file.location, reason: error.description))
        }
    }

    /// Where the last line of the last bytes of a file ends; where they end, if that is nowhere.
    private func endOfLines(in end: [UInt8], at start: Int, of encoding: TextEncoding, first: [UInt8]) -> Int {
        let unit = encoding.unitBytes
        let isBigEndian = encoding == .utf16BigEndian || (encoding == .utf16 && first == [0xFE, 0xFF])
        let lineFeed: [UInt8] = unit == 1 ? [0x0A] : isBigEndian ? [0x00, 0x0A] : [0x0A, 0x00]
        // Units begin at multiples of their length, counted from the start of the file, as `start` does.
        var index = end.count & ~(unit - 1)
        let whole = start + index
        while index > 0 {
            if end[(index - unit)..<index].elementsEqual(lineFeed) { return start + index }
            index -= unit
        }
        return start == 0 ? 0 : whole
    }

    // MARK: Handles

    /// Whether a closed file has changed, so that it must be opened again.
    private func needsHandle(_ file: FollowedFile) -> Bool {
        guard let seen = file.seen else { return true }
        // Its size is that of what is in it, and it does not change.
        if file.isPacked { return false }
        guard let status = (try? FileSystem.status(file.location)) ?? nil, file.isSame(status) else { return false }
        return FileStamp(status) != seen
    }

    /// Opens a closed file, wherever it is now.
    ///
    /// - Returns: false when that is not possible at present.
    func reopen(_ file: FollowedFile, at now: UInt64, _ consumer: any FollowConsumer) -> Bool {
        do throws(IOError) {
            if try open(file, at: file.location) { return true }
            for path in rotationNames(of: file.state.path, links: file.links) where try open(file, at: path) {
                return true
            }
        } catch {
            failed(file, error, at: now, consumer)
            return false
        }
        miss(file, at: now, consumer)
        return false
    }

    private func open(_ file: FollowedFile, at path: String) throws(IOError) -> Bool {
        guard let status = try FileSystem.status(path), file.isSame(status) else { return false }
        let handle = try FileHandle(path, isPacked: isPackedName(path) && path != file.state.path)
        guard file.isSame(try handle.status()) else { return false }
        setHandle(handle, of: file)
        file.location = path
        return true
    }
}
