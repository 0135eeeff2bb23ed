internal import ByteCoding
internal import LogModel

/// A block of a segment as queries see it. Each call reads, checks and decodes the one section it needs.
struct SegmentBlock: BlockSource {
    let segment: SegmentReader
    let description: BlockDescription
    /// What columns have in common, while a query works on the block.
    private(set) var memo: BlockMemo?

    var rowCount: Int { description.rowCount }
    var timeBounds: ClosedRange<Int64> { description.timeBounds }
    var idBounds: ClosedRange<UInt64> { description.idBounds }
    var identity: BlockIdentity? { BlockIdentity(segment.identity, offset: description.times.offset) }
    var streams: [StreamIdentity] { get throws { try segment.streams } }
    var streamBytes: Int { segment.streamBytes }

    var fieldNames: [String] {
        description.columns.map(\.name) + (description.overflow?.names ?? [])
    }

    func hasField(_ name: String) -> Bool {
        description.columns.contains { $0.name == name } || description.overflow?.names.contains(name) ?? false
    }

    var fieldNameCount: Int { description.columns.count + (description.overflow?.names.count ?? 0) }

    func fieldNames(of rows: RowBitmap) throws -> [String] {
        guard let overflow = description.overflow, overflow.names.count > StoreLimits.blockColumns else {
            return fieldNames
        }
        return description.columns.map(\.name) + (try packedFields(overflow.section).names(of: rows))
    }

    var byteCount: Int {
        let fixed = [description.times, description.ids, description.levels, description.streams, description.messages]
        return fixed.reduce(0) { $0 + Int($1.length) }
            + description.columns.reduce(0) { $0 + Int($1.section.length) }
            + Int(description.overflow?.section.length ?? 0)
    }

    func byteCount(of names: [String]?) -> Int {
        guard let names else { return byteCount }
        let wanted = Set(names)
        var bytes = 0
        if wanted.contains(FieldName.time) { bytes += Int(description.times.length) }
        if wanted.contains(FieldName.message) { bytes += Int(description.messages.length) }
        for column in description.columns where wanted.contains(column.name) { bytes += Int(column.section.length) }
        if let overflow = description.overflow, overflow.names.contains(where: wanted.contains) {
            bytes += Int(overflow.section.length)
        }
        return bytes
    }

    var reading: BlockReading { memo?.reading ?? BlockReading() }

    var labelNames: Set<String> { segment.labelNames }

    func labels(_ name: String) throws -> LabelValues { try segment.labels(name) }

    func streamTexts() throws -> LabelValues? { try segment.streamTexts() }

    func mayHave(_ search: MessageSearch) -> Bool {
        guard let filter = filter(covering: BlockFilter.Place.messages) else { return true }
        return search.mayPass(filter)
    }

    func mayHave(_ words: RequiredWords, in field: String) -> Bool {
        guard let index = description.columns.firstIndex(where: { $0.name == field }) else {
            return !words.needsValue || description.overflow?.names.contains(field) ?? false
        }
        guard let filter = filter(covering: BlockFilter.Place.column(index)) else { return true }
        return words.mayPass(filter)
    }

    /// The filter, if the block has one with the words of a column. One that cannot be read is no reason to fail: what it
    /// would have told is found out by looking.
    private func filter(covering place: Int) -> BlockFilter? {
        guard let reference = description.extras.first(where: { $0.kind == .filter }) else { return nil }
        let state = cached(reference, .filter, cost: \.memoryBytes) {
            do {
                return FilterState.intact(try BlockFilter(try section(reference)))
            } catch {
                segment.cache.noteDamagedFilter()
                return .damaged
            }
        }
        guard case .intact(let filter) = state, filter.covers(place) else { return nil }
        return filter
    }

    /// A filter as far as it could be read.
    private enum FilterState: Sendable {
        case intact(BlockFilter)
        case damaged

        var memoryBytes: Int { if case .intact(let filter) = self { filter.memoryBytes } else { 0 } }
    }

    func times() throws -> [Int64] {
        try integers(description.times)
    }

    func times(picking rows: RowBitmap) throws -> [Int64] {
        return unsafe try decoding(description.times) { raw, context in
            unsafe try NumberColumns.integers(raw, picking: rows.rows, of: rowCount, &context)
        }
    }

    func ids() throws -> [UInt64] {
        try integers(description.ids).map { UInt64(bitPattern: $0) }
    }

    func levels() throws -> [UInt8] {
        try packed(description.levels, limit: Int(Level.fatal.rawValue) + 1)
    }

    func opened() -> any BlockSource {
        var block = self
        block.memo = BlockMemo()
        return block
    }

    func streamIndexes() throws -> [UInt32] {
        guard memo != nil else { return try decodeStreamIndexes() }
        let groups = try rowsByStream()
        return groups.groups.map { groups.numbers[Int($0)] }
    }

    func streamGroups() throws -> RowGroups? { try rowsByStream() }

    /// The rows by stream; what queries ask for most, so the cache keeps it.
    func rowsByStream() throws -> RowGroups {
        func group() throws -> RowGroups { RowGroups(try decodeStreamIndexes()) }
        return try memo?.streamGroups {
            try cached(description.streams, .groups, cost: \.memoryBytes, group)
        } ?? group()
    }

    /// The rows by level; the cache keeps them, too.
    func rowsByLevel() throws -> RowGroups {
        func group() throws -> RowGroups { RowGroups(try levels()) }
        return try memo?.levelGroups {
            try cached(description.levels, .groups, cost: \.memoryBytes, group)
        } ?? group()
    }

    private func decodeStreamIndexes() throws -> [UInt32] {
        guard description.streams.kind == .scaled else {
            return try packed(description.streams, limit: segment.streamCount)
        }
        return unsafe try decoding(description.streams) { raw, context in
            var reader = unsafe ByteReader(raw)
            let numbers = unsafe try ScaledIntegers.decode(&reader, count: rowCount, &context)
            guard numbers.allSatisfy({ $0 >= 0 && $0 < segment.streamCount }) else {
                throw StoreFormatError("stream that the segment does not have")
            }
            return numbers.map { UInt32(truncatingIfNeeded: $0) }
        }
    }

    func messages(_ candidates: RowBitmap) throws -> ColumnData {
        try values(description.messages, candidates)
    }

    func messages(picking rows: RowBitmap) throws -> ColumnData {
        try values(description.messages, rows, picks: true)
    }

    func column(_ name: String, picking rows: RowBitmap) throws -> ColumnData? {
        if let column = description.columns.first(where: { $0.name == name }) {
            return try values(column.section, rows, picks: true)
        }
        guard let overflow = description.overflow, overflow.names.contains(name) else { return nil }
        return try packedFields(overflow.section).column(name, picking: rows)
    }

    func messageCandidates(_ search: MessageSearch, among rows: RowBitmap) throws -> MessageCandidates? {
        guard description.messages.kind == .templates else { return nil }
        let filter = filter(covering: BlockFilter.Place.messages)
        let terms = try terms()
        if let filter, search.isInTemplatesAlone(filter) { return terms.candidates(search, among: rows) }
        let outline = terms.outline
        let places = search.alternatives.map { words in
            words.map { WordPlaces($0, terms, outline, filter) { dictionaries(outline) } }
        }
        return unsafe try TemplateSearch.candidates(search, places, among: rows, outline) { load in
            unsafe try decoding(description.messages, load)
        }
    }

    /// The words of the constants and dictionaries of the messages, which the cache keeps.
    private func dictionaries(_ outline: TemplateOutline) -> TermIndex {
        cached(description.messages, .dictionaries, cost: \.memoryBytes) {
            unsafe outline.withTexts { unsafe TermIndex(columns: outline.directory, $0) }
        }
    }

    /// The words of the templates and the outline, if they are there.
    func knownTerms() -> TemplateTerms? {
        guard let memo else { return nil }
        return memo.knownTerms ?? segment.known(description.messages, .terms)
    }

    /// The words of the templates of the messages, with their outline, which the cache keeps.
    private func terms() throws -> TemplateTerms {
        func make() throws -> TemplateTerms {
            if memo != nil, let outline: TemplateOutline = segment.known(description.messages, .templates) {
                return TemplateTerms(outline)
            }
            return unsafe try decoding(description.messages) { raw, context in
                TemplateTerms(unsafe try TemplateOutline(raw, rowCount: rowCount, &context))
            }
        }
        // A query reads the messages of the rows that it finds: even if the cache has no room, it looks only once.
        return try memo?.terms {
            try cached(description.messages, .terms, cost: \.memoryBytes, make)
        } ?? make()
    }

    func column(_ name: String, _ candidates: RowBitmap) throws -> ColumnData? {
        if let column = description.columns.first(where: { $0.name == name }) {
            return try values(column.section, candidates)
        }
        guard let overflow = description.overflow, overflow.names.contains(name) else { return nil }
        return try packedFields(overflow.section).column(name, rowCount: rowCount)
    }

    private func integers(_ reference: SectionReference) throws -> [Int64] {
        return unsafe try decoding(reference) { raw, context in
            unsafe try NumberColumns.integers(raw, rowCount: rowCount, &context)
        }
    }

    private func packed<Number: FixedWidthInteger & UnsignedInteger>(
        _ reference: SectionReference, limit: Int
    ) throws -> [Number] {
        return unsafe try decoding(reference) { raw, context in
            var reader = unsafe ByteReader(raw)
            return unsafe try NumberColumns.packed(&reader, count: rowCount, limit: limit, &context)
        }
    }

    /// The fields without columns of their own, read once for as long as a query works on the block.
    private func packedFields(_ reference: SectionReference) throws -> PackedFields {
        func read() throws -> PackedFields {
            try PackedFields(try values(reference, RowBitmap(rowCount: rowCount, filled: true)))
        }
        return try memo?.packedFields(read) ?? read()
    }
}
