import Synchronization
import SystemIO

/// What happens when a journal is opened: the end is found, an interrupted write cut off, damage reported, and the
/// duplicate window rebuilt.
extension JournalDirectory {
    /// What scanning has found so far.
    private struct Progress {
        var window: DuplicateWindow?
        /// The number after the last record; nil before the first file.
        var next: JournalPosition?
        var tail = Tail()
    }

    func recover() throws(JournalError) {
        measureQuarantine()
        try loadCursors()
        var files = try Self.findFiles(path)
        var damagedHeaders: Set<JournalPosition> = []
        for index in files.indices {
            if let header = try Self.header(of: files[index].path), header.firstPosition == files[index].first {
                files[index].begunTime = header.createdTime
            } else {
                damagedHeaders.insert(files[index].first)
            }
        }

        var progress = Progress(window: options.duplicates.map { DuplicateWindow(limits: $0) })
        for index in try firstFileToScan(files)..<files.count {
            let bound = index + 1 < files.count ? files[index + 1].first : nil
            files[index].committedBytes = try scan(
                files[index], bound: bound, headerIsDamaged: damagedHeaders.contains(files[index].first), &progress)
        }
        if let gone = JournalDamage(before: files.first, slowestCursor: slowestCursor) {
            report(gone, number: gone.lost.lowerBound)
        }
        if let last = files.last { makeDurable(last, &progress.tail) }
        state.withLock { state in
            state.files = files
            // Without fsync on every commit, a power cut may take records that a consumer has passed: go on behind it.
            state.next = max(progress.next ?? 1, state.cursors.values.max() ?? 1, options.leastNext)
            state.tail = progress.tail
            state.window = progress.window
        }
    }

    /// The journal files of a directory in order, taken for whole; the time of a file's last change stands for when it
    /// was begun.
    static func findFiles(_ path: String) throws(JournalError) -> [File] {
        do throws(IOError) {
            var files: [File] = []
            for name in try FileSystem.list(path) {
                guard let first = JournalFormat.firstPosition(fileName: name),
                    let status = try FileSystem.status("\(path)/\(name)"), status.kind == .file
                else { continue }
                files.append(
                    File(
                        first: first, path: "\(path)/\(name)", committedBytes: status.size,
                        begunTime: status.modifiedNanos))
            }
            return files
        } catch { throw .io(error) }
    }

    /// The header of a file; nil when it is damaged.
    ///
    /// - Throws: ``JournalError/unsupportedVersion(file:version:)``: cutting such a file would destroy good data.
    static func header(of file: String) throws(JournalError) -> JournalFileHeader? {
        let bytes: [UInt8]
        do throws(IOError) {
            bytes = try OpenFile(file, .read).bytes(at: 0, count: JournalFormat.fileHeaderBytes)
        } catch  where error.operation == .read {
            return nil
        } catch { throw .io(error) }
        do throws(JournalFileHeader.Fault) {
            return unsafe try bytes.span.bytes.withUnsafeBytes { (raw) throws(JournalFileHeader.Fault) in
                unsafe try JournalFileHeader(raw)
            }
        } catch {
            guard case .unsupported(let version) = error else { return nil }
            throw .unsupportedVersion(file: file, version: version)
        }
    }

    /// The last file; with a duplicate window, the last that begins with a checkpoint of it.
    private func firstFileToScan(_ files: [File]) throws(JournalError) -> Int {
        if options.verification == .allFiles || files.isEmpty { return 0 }
        guard let limits = options.duplicates else { return files.count - 1 }
        for index in files.indices.reversed() {
            var scanner = try scanner(files[index], bound: nil)
            // Damage and unreadable bytes mean: no checkpoint here. The scan proper reports them.
            guard case .record(let header, let offset)? = try? scanner.next(),
                header.kind == JournalRecordKind.checkpoint.rawValue,
                let record = try? scanner.record(header, at: offset),
                (try? DuplicateWindow(encoded: record.payload, limits: limits)) != nil
            else { continue }
            return index
        }
        return 0
    }

    private func scanner(_ file: File, bound: JournalPosition?) throws(JournalError) -> JournalScanner {
        do throws(IOError) {
            return JournalScanner(
                try OpenFile(file.path, .read), first: file.first, bound: bound ?? .max, end: file.committedBytes)
        } catch { throw .io(error) }
    }

    /// Reads one file to its end.
    ///
    /// - Parameters:
    ///   - file: the file.
    ///   - bound: the first number of the next file, nil for the last file.
    ///   - headerIsDamaged: whether to report its header.
    ///   - progress: what scanning has found; it is brought up to date.
    /// - Returns: the bytes up to which the file is good.
    /// - Throws: when the file cannot be opened.
    private func scan(
        _ file: File, bound: JournalPosition?, headerIsDamaged: Bool, _ progress: inout Progress
    ) throws(JournalError) -> Int {
        var scanner = try scanner(file, bound: bound)
        var records = 0
        var isSound = !headerIsDamaged
        // Gaps not yet followed by a good record: at the end of the last file they are an interrupted write.
        var open: [JournalScanner.Gap] = []
        scanning: while true {
            do throws(IOError) {
                switch try scanner.next() {
                case .record(let header, let offset):
                    for gap in open { report(gap, in: file.path, bound: header.position) }
                    isSound = isSound && open.isEmpty
                    open = []
                    records += 1
                    if progress.window != nil { try remember(header, at: offset, &scanner, &progress) }
                case .gap(let gap): open.append(gap)
                case .end: break scanning
                }
            } catch {
                open.append(scanner.unreadableRest)
                break
            }
        }
        if headerIsDamaged, bound != nil || records > 0 || open.isEmpty {
            report(JournalDamage(headerOf: file, isTornTail: bound == nil && records == 0), number: file.first)
        }
        if let bound {
            for gap in open { report(gap, in: file.path, bound: bound) }
            progress.next = bound
            return file.committedBytes
        }
        // A file with damage before its end is left as it is: what a scan makes of damaged bytes may depend on what
        // follows them.
        progress.tail.continuesLastFile = records > 0 && isSound
        progress.next = scanner.expected
        guard let first = open.first else { return file.committedBytes }
        return cutTail(of: file, open, from: first, &progress)
    }

    /// Keeps the duplicate window up to date while scanning.
    private func remember(
        _ header: JournalRecordHeader, at offset: Int, _ scanner: inout JournalScanner, _ progress: inout Progress
    ) throws(IOError) {
        if header.kind == JournalRecordKind.checkpoint.rawValue {
            guard let limits = options.duplicates else { return }
            let record = try scanner.record(header, at: offset)
            // A checkpoint holds also what damaged records before it held. One that is no window cannot be helped.
            if let window = try? DuplicateWindow(encoded: record.payload, limits: limits) { progress.window = window }
        } else if let identity = try scanner.identity(header, at: offset) {
            progress.window?.insert(identity, at: header.position)
        }
    }

    /// Cuts off what follows the last good record of the last file.
    private func cutTail(
        of file: File, _ open: [JournalScanner.Gap], from first: JournalScanner.Gap, _ progress: inout Progress
    ) -> Int {
        let length = file.committedBytes - first.offset
        if open.contains(where: { $0.reason == .unreadable }) {
            // What is there nobody knows: leave it, and use numbers that none of it can have.
            let most = UInt64(length / JournalFormat.recordHeaderBytes) + 1
            progress.next = first.firstLost + most
            progress.tail.continuesLastFile = false
            for gap in open { report(gap, in: file.path, bound: first.firstLost + most) }
            return file.committedBytes
        }
        progress.next = first.firstLost
        var tail = first
        tail.length = length
        tail.endLost = first.firstLost
        report(tail, in: file.path, bound: first.firstLost, isTornTail: true)
        do throws(IOError) {
            try OpenFile(file.path, .readWrite).truncate(to: first.offset)
        } catch {
            // A read-only disk: the next file will begin with the number that would follow here.
            progress.tail.continuesLastFile = false
        }
        return first.offset
    }

    /// A process that ended may have left records in the page cache only; an agent that sends one of them again would
    /// be told that it is safe.
    private func makeDurable(_ file: File, _ tail: inout Tail) {
        do throws(IOError) {
            let opened = try OpenFile(file.path, .readWrite)
            try opened.sync()
            try FileSystem.syncDirectory(path)
        } catch  where error.operation == .sync {
            tail.failure = error
        } catch {
            tail.continuesLastFile = false
        }
    }
}
