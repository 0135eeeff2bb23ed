package import LineFormats
internal import LogModel
internal import StoreFormat

extension Explanation {
    /// The explanation as one object, with the query as it was understood.
    package func json(_ query: String) -> JSONValue {
        .object([
            .init("query", .string(query)), .init("plan", planObject), .init("estimated", estimateObject),
            .init("measured", measuredObject),
        ])
    }

    private var planObject: JSONValue {
        func time(_ nanoseconds: Int64?) -> JSONValue {
            guard let nanoseconds, nanoseconds != .min, nanoseconds != .max else { return .null }
            return .string(Timestamp(nanoseconds: nanoseconds).description)
        }
        var members: [JSONValue.Member] = [
            .init("filter", .string(plan.filter)), .init("from", time(plan.times?.lowerBound)),
            .init("to", time(plan.times?.upperBound)), .init("order", .string(orderText)),
            .init("limit", plan.limit.map { .integer($0) } ?? .null), .init("offset", .integer(plan.offset)),
        ]
        if !plan.partition.isEmpty { members.append(.init("partition", Self.list(plan.partition))) }
        members += [
            .init("pipes", Self.list(plan.pipes)), .init("fields", plan.fields.map(Self.list) ?? .string("all")),
            .init("stops_early", .string(earlyStop)),
        ]
        return .object(members)
    }

    private var orderText: String {
        switch plan.order {
        case .newestFirst: "newest first"
        case .oldestFirst: "oldest first"
        case .any: "as stored"
        }
    }

    private var earlyStop: String {
        guard plan.limit != nil || plan.pipes.contains(where: { $0.hasPrefix("limit ") }) else {
            return "no: all matching rows are wanted"
        }
        if plan.limit == nil { return "when the pipes want no more rows" }
        if !plan.partition.isEmpty {
            return "each combination of values when it has its rows, as far as streams tell which ones a block can have"
        }
        return plan.order == .any
            ? "when so many rows are found" : "when the blocks that are left lie behind the rows that are found"
    }

    private var estimateObject: JSONValue {
        .object([
            .init("blocks", .integer(estimate.all.count)), .init("rows", .integer(estimate.all.rows)),
            .init("bytes", .integer(estimate.all.bytes)),
            .init(
                "pruned",
                .array([
                    Self.blocks("time", estimate.outsideOfTimes),
                    Self.blocks("words, values and fields that they do not have", estimate.withoutValues),
                ])),
            .init("blocks_to_read", .integer(estimate.read.count)), .init("rows_to_read", .integer(estimate.read.rows)),
            .init("bytes_to_read_at_most", .integer(estimate.columnBytes)),
        ])
    }

    private static func blocks(_ reason: String, _ blocks: Blocks) -> JSONValue {
        .object([
            .init("reason", .string(reason)), .init("blocks", .integer(blocks.count)),
            .init("rows", .integer(blocks.rows)), .init("bytes", .integer(blocks.bytes)),
        ])
    }

    private var measuredObject: JSONValue {
        let (summary, reading) = (measured.summary, measured.reading)
        var stages = Stage.allCases.map {
            JSONValue.Member("\($0)", Self.milliseconds(measured.nanos[$0.rawValue]))
        }
        stages.append(.init("total", Self.milliseconds(measured.totalNanos)))
        let rows = measured.rowsBehindPipes.map { JSONValue.integer($0) }
        return .object([
            .init("blocks", .integer(measured.blocks)),
            .init("blocks_by_rollups", .integer(measured.byRollups.count)),
            .init("rows_by_rollups", .integer(measured.byRollups.rows)),
            .init(
                "blocks_not_needed",
                .integer(max(0, estimate.read.count - measured.blocks - measured.byRollups.count))),
            .init("rows", .integer(summary.scannedRows)), .init("rows_matched", .integer(summary.hits)),
            .init("rows_out_of_pipes", .array(rows)), .init("sections_read", .integer(reading.sections)),
            .init("bytes_read", .integer(reading.bytes)),
            .init("bytes_decompressed", .integer(reading.decompressedBytes)),
            .init("cache_hits", .integer(reading.cacheHits)), .init("cache_misses", .integer(reading.cacheMisses)),
            .init("milliseconds", .object(stages)), .init("complete", .bool(summary.isComplete)),
            .init("gaps", Self.list(summary.gaps)),
        ])
    }

    /// To the microsecond.
    private static func milliseconds(_ nanos: UInt64) -> JSONValue {
        let (whole, rest) = (nanos / 1_000_000, nanos / 1_000 % 1_000)
        return .number("\(whole)." + String("\(1_000 + rest)".dropFirst()))
    }

    private static func list(_ texts: [String]) -> JSONValue {
        // Gaps are few; nothing else here grows with the data.
        .array(texts.prefix(100).map { .string($0) })
    }
}
