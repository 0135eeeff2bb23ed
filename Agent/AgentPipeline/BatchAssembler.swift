package import LineFormats
package import LogModel

/// Cuts lines, joins those that make one event, reads them, applies the rules and gathers the events of a batch. Pure:
/// files and clocks belong to its caller.
///
/// For each run of bytes: ``take(_:of:profile:ending:arrival:)``, then ``note(_:from:)`` with how far the file has got,
/// and ``finish()`` when ``isComplete``. One owner, one thread at a time. Nothing is allocated for an event.
package final class BatchAssembler {
    /// What has been counted.
    package private(set) var counts = AssemblyCounts()
    /// The rules, with what they have counted.
    package let rules: RuleProgram

    /// When the batch is complete; may be changed at any time.
    package var limits: BatchLimits
    /// Knows more of containers than their paths tell.
    package var describer: (any SourceDescriber)?

    private let cutter: LineCutter
    private let offsets: LocalOffsets
    private let ownLog: OwnLog?
    private var builder: EventBatchBuilder
    private var names: Names
    private var progress: [SourceProgress] = []
    /// Where a source stands in ``progress``.
    private var progressIndex: [UInt64: Int] = [:]
    private var current: CurrentSource?
    /// A field of all events of the run of bytes at hand.
    private var shared: SharedField?
    private var readers: [ObjectIdentifier: Reader] = [:]
    let transcoder = Transcoder()
    /// Room for what all events of a file share, beyond the longest line.
    private static let sharedBytes = 8 << 10
    /// The number of the batch that is being built, for what must be learned anew in each.
    private var batch = 0

    /// Numbers of names in the batch that is being built.
    private struct Names {
        var service: UInt32
        var file: UInt32?
        var source: UInt32?
        var level: UInt32
        var part: UInt32
        var stream: UInt32?

        init(_ builder: inout EventBatchBuilder) {
            service = builder.name(FieldName.service)
            level = builder.name(FieldName.level)
            part = builder.name("_part")
        }
    }

    /// What is compiled for a profile.
    private final class Reader {
        /// Keeps the identity alive that it is found under.
        let profile: SourceProfile
        let decoder: RecordDecoder
        let container: ContainerCutter?

        init(_ profile: SourceProfile, maxLineBytes: Int, offsets: LocalOffsets) {
            self.profile = profile
            decoder = RecordDecoder(profile, offsets: offsets)
            container = profile.container.map {
                ContainerCutter($0, multiline: profile.multiline, maxLineBytes: maxLineBytes)
            }
        }
    }

    /// What all lines of the file at hand share, prepared for the batch at hand.
    private struct CurrentSource {
        var id: UInt64
        var path: String
        var reader: Reader
        var service: [UInt8]
        var labels: [(name: UInt32, value: [UInt8])] = []
        var fields: [(name: UInt32, value: [UInt8])] = []
        /// The path in the arena; nil when it must be stored (again).
        var file: ByteRange?
        /// What the events of this run share besides.
        var shared: (name: UInt32, value: [UInt8])?
    }

    /// Makes an assembler.
    ///
    /// - Parameters:
    ///   - host: the `host` label of events that bring none.
    ///   - cutter: cuts the lines.
    ///   - limits: when a batch is complete.
    ///   - offsets: what zone times without one are in.
    ///   - rules: what is done to each event.
    ///   - ownLog: the log of the agent itself, of which no line becomes an event; nil when it cannot come back.
    package init(
        host: String, cutter: LineCutter, limits: BatchLimits = BatchLimits(), offsets: LocalOffsets = .utc,
        rules: RuleProgram = RuleProgram([]), ownLog: OwnLog? = nil
    ) {
        self.cutter = cutter
        self.limits = limits
        self.offsets = offsets
        self.rules = rules
        self.ownLog = ownLog
        builder = EventBatchBuilder(labels: [.init(FieldName.host, host)])
        names = Names(&builder)
        rules.begin()
    }

    /// Events gathered.
    package var count: Int { builder.count }

    /// Whether there is something to finish: events, or files that have got on although rules dropped what they held.
    package var hasContent: Bool { builder.count > 0 || !progress.isEmpty }

    /// Whether the batch should be finished before more lines are offered.
    package var isComplete: Bool { builder.count >= limits.events || builder.arenaBytes >= limits.bytes }

    /// Takes whole events until the batch is complete.
    ///
    /// - Parameters:
    ///   - bytes: what follows in the file at the state's offset.
    ///   - state: the file; `parts` is kept up to date, the offset is the caller's.
    ///   - profile: what is configured for it.
    ///   - ending: what is known of what follows.
    ///   - arrival: the time of lines that tell none.
    ///   - shared: a field of all of them.
    /// - Returns: how many bytes were dealt with.
    package func take(
        _ bytes: UnsafeRawBufferPointer, of state: inout SourceState, profile: SourceProfile, ending: ReadEnding,
        arrival: Timestamp, sharing shared: SharedField? = nil
    ) -> Int {
        if isComplete { return 0 }
        self.shared = shared
        let start = state.offset == 0 ? byteOrderMark(bytes, &state, profile.encoding) : 0
        let text = UnsafeRawBufferPointer(rebasing: bytes[start...])
        var taken: Int
        switch profile.encoding {
        case .utf8: taken = takeText(text, of: &state, profile: profile, ending: ending, arrival: arrival)
        case .utf16:
            let encoding = state.isBigEndian ?? false ? TextEncoding.utf16BigEndian : .utf16LittleEndian
            taken = takeText(text, in: encoding, of: &state, profile: profile, ending: ending, arrival: arrival)
        default:
            taken = takeText(
                text, in: profile.encoding, of: &state, profile: profile, ending: ending, arrival: arrival)
        }
        if taken > 0 { taken += start }
        counts.bytes += taken
        return taken
    }

    /// Takes whole events of UTF-8 text.
    func takeText(
        _ all: UnsafeRawBufferPointer, of state: inout SourceState, profile: SourceProfile, ending: ReadEnding,
        arrival: Timestamp
    ) -> Int {
        // A file that was truncated under a program which goes on where it was begins with a hole of any size.
        let hole = state.parts == 0 && all.first == 0 ? all.firstIndex { $0 != 0 } ?? all.count : 0
        counts.nulBytes += hole
        let bytes = UnsafeRawBufferPointer(rebasing: all[hole...])
        if bytes.isEmpty { return hole }
        let reader = prepare(state, profile)
        var parts = state.parts
        let taken: Int
        if let container = reader.container {
            taken = container.cut(bytes, parts: &parts, ending: ending) { record in
                let piece = LineCutter.Piece(bytes: record.bytes, part: record.part)
                if record.origin == nil { counts.malformed += 1 }
                add(piece, reader.decoder, record.origin?.time ?? arrival, stream: record.origin?.stream)
                return !isComplete
            }
        } else if let multiline = profile.multiline {
            taken = RecordCutter(maxLineBytes: cutter.maxLineBytes)
                .cut(bytes, by: multiline, parts: &parts, ending: ending) { piece in
                    add(piece, reader.decoder, arrival, stream: nil)
                    return !isComplete
                }
        } else {
            taken = cutter.cut(bytes, parts: &parts, isFinal: ending == .final) { piece in
                add(piece, reader.decoder, arrival, stream: nil)
                return !isComplete
            }
        }
        state.parts = parts
        return hole + taken
    }

    /// Takes one event that its source has cut out.
    ///
    /// - Parameters:
    ///   - record: the event, line feeds and all; not longer than the longest line.
    ///   - part: its number, from 1, when it is a part of what is too long for one event; else 0.
    ///   - state: the source.
    ///   - profile: what is configured for it.
    ///   - arrival: the time of an event that tells none.
    ///   - shared: a field of it besides.
    /// - Returns: whether it was taken: not when the batch is complete.
    package func take(
        record: UnsafeRawBufferPointer, part: Int, of state: SourceState, profile: SourceProfile, arrival: Timestamp,
        sharing shared: SharedField? = nil
    ) -> Bool {
        if isComplete { return false }
        assert(record.count <= cutter.maxLineBytes, "a source must cut what is too long")
        self.shared = shared
        let reader = prepare(state, profile)
        add(LineCutter.Piece(bytes: record, part: part), reader.decoder, arrival, stream: nil)
        counts.bytes += record.count
        return true
    }

    /// Records how far a file has got after ``take(_:of:profile:ending:arrival:)``.
    package func note(_ state: SourceState, from: Int) {
        if let index = progressIndex[state.id] {
            progress[index].state = state
        } else {
            progressIndex[state.id] = progress.count
            progress.append(SourceProgress(from: from, state: state))
        }
    }

    /// Adds the events that tell how often others were held back by rate limits whose time is over.
    ///
    /// - Parameters:
    ///   - now: the wall clock.
    ///   - all: whether the time counts as over for all of them: nothing more will come.
    package func addSummaries(now: Timestamp, all: Bool) { rules.addSummaries(to: &builder, now: now, all: all) }

    /// The batch, or nil when there is nothing in it. The assembler goes on with an empty one.
    package func finish() -> AssembledBatch? {
        if !hasContent { return nil }
        let events = builder.finish()
        names = Names(&builder)
        rules.begin()
        current = nil
        batch &+= 1
        // Profiles are as many as groups of files; after a change of the configuration those before are left.
        if readers.count > 1_024 { readers.removeAll() }
        let batch = AssembledBatch(events: events, progress: progress)
        progress = []
        progressIndex.removeAll(keepingCapacity: true)
        return batch
    }

    /// From where on the batch that is being built stands for bytes of a source; nil when it has none of them.
    package func start(of id: UInt64) -> Int? { progressIndex[id].map { progress[$0].from } }

    private func prepare(_ state: SourceState, _ profile: SourceProfile) -> Reader {
        let key = ObjectIdentifier(profile.identity)
        if let known = current, known.id == state.id, known.path == state.path,
            ObjectIdentifier(known.reader.profile.identity) == key
        {
            current?.shared = shared.map { (builder.name($0.name), $0.value) }
            return known.reader
        }
        let reader = readers[key] ?? Reader(profile, maxLineBytes: cutter.maxLineBytes, offsets: offsets)
        readers[key] = reader
        reader.decoder.begin(batch: batch, &builder)
        var described = SourceDescription()
        if profile.container != nil {
            described =
                describer?.description(ofContainer: state.path) ?? SourceDescription(ofContainer: state.path)
        }
        let service = profile.service ?? described.service ?? profile.serviceName(of: state.path)
        var source = CurrentSource(id: state.id, path: state.path, reader: reader, service: Array(service.utf8))
        for (name, value) in described.fields { source.fields.append((builder.name(name), Array(value.utf8))) }
        for (name, value) in profile.fields {
            let number = builder.name(name)
            if FieldName.defaultStreamLabels.contains(name) {
                source.labels.append((number, Array(value.utf8)))
            } else {
                source.fields.append((number, Array(value.utf8)))
            }
        }
        source.shared = shared.map { (builder.name($0.name), $0.value) }
        current = source
        return reader
    }

    private func add(
        _ piece: LineCutter.Piece, _ decoder: RecordDecoder, _ arrival: Timestamp, stream: CRILine.Stream?
    ) {
        var piece = piece
        if piece.part == 0, piece.bytes.first == 0 {
            let text = UnsafeRawBufferPointer(rebasing: piece.bytes.drop { $0 == 0 })
            counts.nulBytes += piece.bytes.count - text.count
            if text.isEmpty { return }
            piece.bytes = text
        }
        if piece.part == 0, decoder.mayReadOwnLog, piece.bytes.first != 0x7B, let ownLog, ownLog.wrote(piece.bytes) {
            counts.own += 1
            return
        }
        let profile = decoder.profile
        let arenaStart = builder.arenaBytes
        let isSharedFirst = profile.json.overwriteKeys
        if isSharedFirst { addShared() }
        var event: DraftEvent?
        // A part is no whole line of any format.
        if piece.part == 0, decoder.isCandidate(piece.bytes) {
            event = decoder.decode(piece.bytes, into: &builder, now: arrival)
            // A line that is the message and stands in fields as well may take more than a collector takes.
            if event != nil, builder.arenaBytes - arenaStart > cutter.maxLineBytes + BatchAssembler.sharedBytes {
                builder.abandonEvent()
                event = nil
            }
            if event == nil { forgetPath(from: arenaStart) }
            if event == nil, decoder.canReadLess {
                if isSharedFirst { addShared() }
                event = decoder.decode(piece.bytes, into: &builder, now: arrival)
                if event == nil { forgetPath(from: arenaStart) }
            }
        }
        var draft: DraftEvent
        if let event {
            if !isSharedFirst { addShared() }
            draft = event
            if profile.format == .auto || profile.format == .json {
                counts.structured += 1
            } else {
                counts.formatted += 1
            }
        } else {
            let wasTried = piece.part == 0 && decoder.isCandidate(piece.bytes)
            if wasTried || !isSharedFirst { addShared() }
            draft = decoder.plain(piece.bytes, into: &builder, now: arrival)
            noteMalformed(decoder, wasTried: wasTried, part: piece.part)
            counts.plain += 1
        }
        if draft.level != .unknown, !draft.hasLevelField { addText(draft.level.name, to: names.level) }
        if let stream { addStream(stream) }
        if piece.part > 0 {
            addText(String(piece.part), to: names.part)
            counts.parts += 1
        }
        if draft.time == nil { draft.time = arrival }
        guard rules.isEmpty || rules.apply(to: &draft, &builder, path: current?.file) else {
            builder.abandonEvent()
            forgetPath(from: arenaStart)
            counts.dropped += 1
            counts.droppedLevels[Int(draft.level.rawValue)] += 1
            return
        }
        builder.endEvent(time: draft.time ?? arrival, level: draft.level, message: draft.message)
    }

    private func noteMalformed(_ decoder: RecordDecoder, wasTried: Bool, part: Int) {
        let format = decoder.profile.format
        guard part == 0, format != .auto, format != .plain else { return }
        counts.malformed += 1
        guard decoder.profile.addsErrorKey else { return }
        addText(format.rawValue, to: builder.name("error.type"))
        let reason: StaticString = wasTried ? decoder.failure ?? "not of the format" : "not wholly a JSON object"
        let name = builder.name("error.message")
        reason.withUTF8Buffer { builder.add(field: name, value: UnsafeRawBufferPointer($0)) }
    }

    /// What was stored for an event that was taken back went with it, the path perhaps among it.
    private func forgetPath(from arenaStart: Int) {
        if let file = current?.file, Int(file.offset) >= arenaStart { current?.file = nil }
    }

    /// Adds what all events of the file share; of two with one name the later counts.
    private func addShared() {
        guard let source = current else { return }
        source.service.withUnsafeBytes { builder.add(label: names.service, value: $0) }
        for (name, value) in source.labels { value.withUnsafeBytes { builder.add(label: name, value: $0) } }
        for (name, value) in source.fields { value.withUnsafeBytes { builder.add(field: name, value: $0) } }
        if let (name, value) = source.shared { value.withUnsafeBytes { builder.add(field: name, value: $0) } }
        let name = pathName(source.path)
        if let file = source.file {
            builder.add(field: name, stored: file)
        } else {
            var path = source.path
            let stored = path.withUTF8 { builder.store(UnsafeRawBufferPointer($0)) }
            current?.file = stored
            builder.add(field: name, stored: stored)
        }
    }

    /// What is no file is in the field `source`.
    private func pathName(_ path: String) -> UInt32 {
        if path.utf8.first == UInt8(ascii: "/") {
            let name = names.file ?? builder.name("file")
            names.file = name
            return name
        }
        let name = names.source ?? builder.name("source")
        names.source = name
        return name
    }

    private func addStream(_ stream: CRILine.Stream) {
        let name = names.stream ?? builder.name("stream")
        names.stream = name
        addText(stream == .stdout ? "stdout" : "stderr", to: name)
    }

    /// Level names and small numbers are short strings, which live in registers: nothing is allocated.
    private func addText(_ text: String, to name: UInt32) {
        var copy = text
        copy.withUTF8 { builder.add(field: name, value: UnsafeRawBufferPointer($0)) }
    }
}
