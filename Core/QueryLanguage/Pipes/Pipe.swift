/// One step of what happens to the selected events.
package enum Pipe: Hashable, Sendable {
    /// `block_stats`
    case blockStats
    /// `blocks_count`
    case blocksCount(BlocksCountPipe)
    /// `copy a as b`
    case copy(CopyPipe)
    /// `delete a, b`
    case delete(DeletePipe)
    /// `drop_empty_fields`
    case dropEmptyFields
    /// `extract "a=<a> "`, `extract_regexp`
    case extract(ExtractPipe)
    /// `facets 5`
    case facets(FacetsPipe)
    /// `field_names`
    case fieldNames(FieldNamesPipe)
    /// `field_values a`
    case fieldValues(FieldValuesPipe)
    /// `fields a, b`
    case fields(FieldsPipe)
    /// `filter level:error`
    case filter(FilterPipe)
    /// `format "<a>:<b>" as c`
    case format(FormatPipe)
    /// `join by (a) (query)`
    case join(JoinPipe)
    /// `limit 10`
    case limit(LimitPipe)
    /// `math a + b as c`
    case math(MathPipe)
    /// `len(a) as n`, `hash(a) as h`, `json_array_len(a) as n`
    case measure(MeasurePipe)
    /// `offset 10`
    case offset(OffsetPipe)
    /// `pack_json as a`, `pack_logfmt as a`
    case pack(PackPipe)
    /// `patterns by (a)`
    case patterns(PatternsPipe)
    /// `rename a as b`
    case rename(RenamePipe)
    /// `sample 100`
    case sample(SamplePipe)
    /// `sort by (a, b desc)`, `first 5 by (a)`, `last 5 by (a)`
    case sort(SortPipe)
    /// `stats by (a) count() as n`
    case stats(StatsPipe)
    /// `stream_context before 5`
    case streamContext(StreamContextPipe)
    /// `top 5 by (a)`
    case top(TopPipe)
    /// `union (query)`
    case union(UnionPipe)
    /// `uniq by (a)`
    case uniq(UniqPipe)
    /// `unpack_json from a`, `unpack_logfmt`, `unpack_syslog`
    case unpack(UnpackPipe)
    /// `unpack_words from a as b`
    case unpackWords(UnpackWordsPipe)
    /// `unroll by (a)`
    case unroll(UnrollPipe)
    /// `replace ("a", "b") at c`, `replace_regexp`, `collapse_nums`, `decolorize`
    case update(UpdatePipe)

    /// The kinds of pipes that the parser knows; each lives in a file of its own.
    static let kinds: [any PipeSyntax.Type] = [
        BlockStatsPipe.self,
        BlocksCountPipe.self, CopyPipe.self, DeletePipe.self, DropEmptyFieldsPipe.self, ExtractPipe.self,
        FacetsPipe.self,
        FieldNamesPipe.self, FieldValuesPipe.self, FieldsPipe.self, FilterPipe.self, FirstPipe.self, FormatPipe.self,
        JoinPipe.self, LimitPipe.self, MathPipe.self, MeasurePipe.self, OffsetPipe.self, PackPipe.self,
        PatternsPipe.self, RenamePipe.self, SamplePipe.self, SortPipe.self, StatsPipe.self, StreamContextPipe.self,
        TopPipe.self, UnionPipe.self,
        UniqPipe.self, UnpackPipe.self, UnpackWordsPipe.self, UnrollPipe.self, UpdatePipe.self,
    ]

    private var syntax: any PipeSyntax {
        switch self {
        case .blockStats: BlockStatsPipe()
        case .dropEmptyFields: DropEmptyFieldsPipe()
        case .blocksCount(let pipe): pipe
        case .copy(let pipe): pipe
        case .delete(let pipe): pipe
        case .extract(let pipe): pipe
        case .facets(let pipe): pipe
        case .fieldNames(let pipe): pipe
        case .fieldValues(let pipe): pipe
        case .fields(let pipe): pipe
        case .filter(let pipe): pipe
        case .format(let pipe): pipe
        case .join(let pipe): pipe
        case .limit(let pipe): pipe
        case .math(let pipe): pipe
        case .measure(let pipe): pipe
        case .offset(let pipe): pipe
        case .pack(let pipe): pipe
        case .patterns(let pipe): pipe
        case .rename(let pipe): pipe
        case .sample(let pipe): pipe
        case .sort(let pipe): pipe
        case .stats(let pipe): pipe
        case .streamContext(let pipe): pipe
        case .top(let pipe): pipe
        case .union(let pipe): pipe
        case .uniq(let pipe): pipe
        case .unpack(let pipe): pipe
        case .unpackWords(let pipe): pipe
        case .unroll(let pipe): pipe
        case .update(let pipe): pipe
        }
    }

    /// Reads what follows `|`: a pipe with its name, functions of `stats` without it, or a filter without `filter`.
    init(parsing parser: inout Parser) throws(QueryError) {
        let token = parser.current
        if parser.atBoundary { throw parser.unexpected(expected: ["a pipe"], "after `|`") }
        guard token.kind == .word, !parser.following.isSymbol(":") else {
            self = .filter(FilterPipe(try parser.filter()))
            return
        }
        let name = token.text.lowercased()
        if let kind = Pipe.kinds.first(where: { $0.names.contains(name) }) {
            parser.advance()
            self = try kind.init(parsing: &parser).pipe
        } else if name == "by", parser.following.isSymbol("(") {
            self = try StatsPipe(parsing: &parser).pipe
        } else if parser.following.isSymbol("("), KnownNames.filters.contains(name) {
            self = .filter(FilterPipe(try parser.filter()))
        } else if parser.following.isSymbol("("), StatsFunction.isKnown(name) {
            self = .stats(StatsPipe(by: [], functions: try parser.statsCalls()))
        } else if KnownNames.missingPipes.contains(name) {
            let (line, column) = parser.source.position(of: token.offset)
            throw parser.failure(
                "the pipe `\(name)` is not supported yet, at line \(line), column \(column)", at: token)
        } else {
            let functions = KnownNames.statsFunctions + KnownNames.missingStatsFunctions
            throw parser.unknown("pipe", token, among: KnownNames.pipes + KnownNames.missingPipes + functions)
        }
    }
}

extension Pipe: CustomStringConvertible {
    /// The pipe in canonical form.
    package var description: String { syntax.description }
}

/// How a kind of pipe is read and written.
protocol PipeSyntax: CustomStringConvertible, Sendable {
    /// The canonical name first, then the others.
    static var names: [String] { get }
    /// Reads what follows the name.
    init(parsing parser: inout Parser) throws(QueryError)
    /// The case of ``Pipe`` that holds this kind.
    var pipe: Pipe { get }
}

/// A field, or all fields whose names start alike: `host`, `http.*`, `*`.
package struct FieldPattern: Hashable, Sendable, CustomStringConvertible {
    /// The name, or the start of names.
    package var name: String
    /// Whether all fields whose names start with ``name`` are meant.
    package var isPrefix: Bool

    /// Makes a pattern.
    package init(_ name: String, isPrefix: Bool = false) {
        self.name = name
        self.isPrefix = isPrefix
    }

    /// Whether the pattern means this field.
    package func matches(_ field: String) -> Bool {
        isPrefix ? field.utf8.starts(with: name.utf8) : field == name
    }

    /// The pattern in canonical form.
    package var description: String {
        if name.isEmpty { return isPrefix ? "*" : "\"\"" }
        return Quoting.name(name) + (isPrefix ? "*" : "")
    }

    static func list(_ patterns: [FieldPattern]) -> String {
        patterns.map(\.description).joined(separator: ", ")
    }
}

extension Parser {
    /// Reads `by (a, b)`, or `(a, b)`.
    mutating func byClause<Element>(
        of element: (inout Parser) throws(QueryError) -> Element
    ) throws(QueryError) -> [Element] {
        _ = takeKeyword("by")
        let open = current
        let elements = try parenthesized("after `by`", of: element)
        guard !elements.isEmpty else { throw failure("`by` needs at least one field", at: open) }
        return elements
    }

    /// Reads names of fields in `by (a, b)`.
    mutating func byFields() throws(QueryError) -> [String] {
        try byClause { parser throws(QueryError) in try parser.fieldName() }
    }

    /// Reads the number after `limit` or `offset`, if that keyword comes and had not come yet.
    mutating func takeNumber(after keyword: String, into number: inout UInt64?) throws(QueryError) -> Bool {
        let token = current
        guard takeKeyword(keyword) else { return false }
        guard number == nil else { throw failure("`\(keyword)` is given twice", at: token) }
        number = try wholeNumber("the number after `\(keyword)`")
        return true
    }

    /// Reads `hits [as name]`, with or without `with` in front; nil if it does not come.
    mutating func takeHits() throws(QueryError) -> String? {
        if takeKeyword("with") {
            guard atKeyword("hits") else { throw unexpected(expected: ["hits"], "after `with`") }
        }
        guard takeKeyword("hits") else { return nil }
        return takeKeyword("as") ? try fieldName() : "hits"
    }
}
