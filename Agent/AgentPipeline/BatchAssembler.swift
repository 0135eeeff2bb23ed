package import LineFormats
package import LogModel

/// Some events and the bytes of files they stand for.
package struct AssembledBatch: Sendable {
    /// The events.
    package let events: EventBatch
    /// Which bytes of which files; each file once.
    package let progress: [SourceProgress]
}

/// When a batch is complete.
package struct BatchLimits: Sendable, Equatable {
    /// Bytes of messages and values. A batch may go over it by one event.
    package var bytes: Int
    /// Events.
    package var events: Int

    /// Sets the limits.
    package init(bytes: Int = 1 << 20, events: Int = 8192) {
        self.bytes = max(1, bytes)
        self.events = max(1, events)
    }
}

/// What the assembler has done since it was made.
package struct AssemblyCounts: Sendable, Equatable {
    /// Events from JSON objects.
    package var structured = 0
    /// Events from plain lines.
    package var plain = 0
    /// Lines of files with the format `json` that are no JSON objects; they were kept as plain lines.
    package var malformed = 0
    /// Parts of lines that were too long for one event.
    package var parts = 0
    /// Bytes of lines, line feeds included.
    package var bytes = 0

    /// Makes counts of nothing.
    package init() {}
}

/// Cuts lines, reads them and gathers the events of a batch. Pure: files and clocks belong to its caller.
///
/// For each run of bytes: ``take(_:of:profile:isFinal:arrival:)``, then ``note(_:from:)`` with how far the file has got,
/// and ``finish()`` when ``isComplete``. One owner, one thread at a time. Nothing is allocated for an event.
package final class BatchAssembler {
    /// What has been counted.
    package private(set) var counts = AssemblyCounts()

    private let cutter: LineCutter
    private let limits: BatchLimits
    private let baseLabels: [StreamIdentity.Label]
    private var plainReader: PlainLineReader
    private var builder: EventBatchBuilder
    private var decoder: JSONEventDecoder
    private var names: Names
    private var progress: [SourceProgress] = []
    private var current: CurrentSource?

    /// Members of JSON lines with a meaning.
    private static let keys = JSONEventDecoder.Keys(
        time: ["ts", "time", "@timestamp", "timestamp", FieldName.time],
        message: ["msg", "message", "log", FieldName.message], labels: FieldName.defaultStreamLabels,
        rejectsUnreadableTime: false)

    /// Numbers of names in the batch that is being built.
    private struct Names {
        var service: UInt32
        var file: UInt32
        var level: UInt32
        var part: UInt32

        init(_ builder: inout EventBatchBuilder) {
            service = builder.name(FieldName.service)
            file = builder.name("file")
            level = builder.name(FieldName.level)
            part = builder.name("_part")
        }
    }

    /// What all lines of the file at hand share, prepared for the batch at hand.
    private struct CurrentSource {
        var id: UInt64
        var path: String
        var service: [UInt8]
        var labels: [(name: UInt32, value: [UInt8])] = []
        var fields: [(name: UInt32, value: [UInt8])] = []
        /// The path in the arena; nil when it must be stored (again).
        var file: ByteRange?
    }

    /// Makes an assembler.
    ///
    /// - Parameters:
    ///   - host: the `host` label of events that bring none.
    ///   - cutter: cuts the lines.
    ///   - limits: when a batch is complete.
    ///   - offsets: what zone times without one are in.
    package init(
        host: String, cutter: LineCutter, limits: BatchLimits = BatchLimits(), offsets: LocalOffsets = .utc
    ) {
        self.cutter = cutter
        self.limits = limits
        baseLabels = [.init(FieldName.host, host)]
        plainReader = PlainLineReader(offsets: offsets)
        builder = EventBatchBuilder(labels: baseLabels)
        decoder = JSONEventDecoder(keys: BatchAssembler.keys)
        names = Names(&builder)
    }

    /// Events gathered.
    package var count: Int { builder.count }

    /// Whether the batch should be finished before more lines are offered.
    package var isComplete: Bool { builder.count >= limits.events || builder.arenaBytes >= limits.bytes }

    /// Takes complete lines until the batch is complete.
    ///
    /// - Parameters:
    ///   - bytes: what follows in the file at the state's offset.
    ///   - state: the file; `parts` is kept up to date, the offset is the caller's.
    ///   - profile: what is configured for it.
    ///   - isFinal: whether a last line without a line feed counts as well.
    ///   - arrival: the time of lines that tell none.
    /// - Returns: how many bytes were dealt with.
    package func take(
        _ bytes: UnsafeRawBufferPointer, of state: inout SourceState, profile: SourceProfile, isFinal: Bool,
        arrival: Timestamp
    ) -> Int {
        if isComplete { return 0 }
        prepare(state, profile)
        var parts = state.parts
        let taken = cutter.cut(bytes, parts: &parts, isFinal: isFinal) { piece in
            add(piece, profile.format, arrival)
            return !isComplete
        }
        state.parts = parts
        counts.bytes += taken
        return taken
    }

    /// Records how far a file has got after ``take(_:of:profile:isFinal:arrival:)``.
    package func note(_ state: SourceState, from: Int) {
        if let index = progress.firstIndex(where: { $0.state.id == state.id }) {
            progress[index].state = state
        } else {
            progress.append(SourceProgress(from: from, state: state))
        }
    }

    /// The batch, or nil when there is nothing in it. The assembler goes on with an empty one.
    package func finish() -> AssembledBatch? {
        if builder.count == 0 && progress.isEmpty { return nil }
        let events = builder.finish()
        decoder = JSONEventDecoder(keys: BatchAssembler.keys)
        names = Names(&builder)
        current = nil
        let batch = AssembledBatch(events: events, progress: progress)
        progress.removeAll(keepingCapacity: true)
        return batch
    }

    private func prepare(_ state: SourceState, _ profile: SourceProfile) {
        if let current, current.id == state.id, current.path == state.path { return }
        var source = CurrentSource(
            id: state.id, path: state.path, service: Array(profile.serviceName(of: state.path).utf8))
        for (name, value) in profile.fields {
            let number = builder.name(name)
            if FieldName.defaultStreamLabels.contains(name) {
                source.labels.append((number, Array(value.utf8)))
            } else {
                source.fields.append((number, Array(value.utf8)))
            }
        }
        current = source
    }

    private func add(_ piece: LineCutter.Piece, _ format: SourceProfile.Format, _ arrival: Timestamp) {
        if format != .plain, piece.part == 0 {
            if looksLikeObject(piece.bytes) {
                addShared()
                var scanner = JSONScanner(piece.bytes)
                do throws(JSONError) {
                    try decoder.decode(&scanner, into: &builder, arrival: arrival, isWholeText: true)
                    counts.structured += 1
                    return
                } catch {
                    // What was stored for this event went with it, the path perhaps among it.
                    current?.file = nil
                }
            }
            if format == .json { counts.malformed += 1 }
        }
        addPlain(piece, arrival)
    }

    private func addPlain(_ piece: LineCutter.Piece, _ arrival: Timestamp) {
        addShared()
        let (time, level) = plainReader.read(piece.bytes, now: arrival)
        if level != .unknown { addText(level.name, to: names.level) }
        if piece.part > 0 {
            addText(String(piece.part), to: names.part)
            counts.parts += 1
        }
        builder.endEvent(time: time ?? arrival, level: level, message: piece.bytes)
        counts.plain += 1
    }

    /// Adds what all events of the file share; what a JSON line brings itself comes later and counts.
    private func addShared() {
        guard let source = current else { return }
        source.service.withUnsafeBytes { builder.add(label: names.service, value: $0) }
        for (name, value) in source.labels { value.withUnsafeBytes { builder.add(label: name, value: $0) } }
        for (name, value) in source.fields { value.withUnsafeBytes { builder.add(field: name, value: $0) } }
        if let file = source.file {
            builder.add(field: names.file, stored: file)
        } else {
            var path = source.path
            let stored = path.withUTF8 { builder.store(UnsafeRawBufferPointer($0)) }
            current?.file = stored
            builder.add(field: names.file, stored: stored)
        }
    }

    /// Level names and small numbers are short strings, which live in registers: nothing is allocated.
    private func addText(_ text: String, to name: UInt32) {
        var copy = text
        copy.withUTF8 { builder.add(field: name, value: UnsafeRawBufferPointer($0)) }
    }

    private func looksLikeObject(_ line: UnsafeRawBufferPointer) -> Bool {
        for byte in line {
            if byte == 0x7B { return true }
            if byte != 0x20 && byte != 0x09 { return false }
        }
        return false
    }
}
