import LogModel
import QueryLanguage

/// The events around events in their streams.
struct PlainContext {
    private let events: [PlainRow]

    init(_ events: [PlainRow]) { self.events = events }

    func rows(around found: [PlainRow], _ pipe: StreamContextPipe) -> [PlainRow] {
        let streams = Dictionary(grouping: found) { $0["_stream"] }
        var chunks: [[PlainRow]] = []
        for (stream, matches) in streams {
            let all = events.filter { $0["_stream"] == stream }.sorted { time($0) < time($1) }
            var isShown = [Bool](repeating: false, count: all.count)
            for moment in Set(matches.map { time($0) }) {
                guard let first = all.firstIndex(where: { time($0) == moment }),
                    let last = all.lastIndex(where: { time($0) == moment })
                else { continue }
                for place in first...last { isShown[place] = true }
                for place in max(0, first - Int(clamping: pipe.before))..<first
                where moment - time(all[place]) <= pipe.window {
                    isShown[place] = true
                }
                for place in (last + 1)..<max(last + 1, min(all.count, last + 1 + Int(clamping: pipe.after)))
                where time(all[place]) - moment <= pipe.window {
                    isShown[place] = true
                }
            }
            // Events of one nanosecond come together.
            for place in all.indices where isShown[place] {
                for other in all.indices where time(all[other]) == time(all[place]) { isShown[other] = true }
            }
            var chunk: [PlainRow] = []
            for place in all.indices {
                if isShown[place] { chunk.append(all[place]) }
                if !isShown[place] || place == all.count - 1, !chunk.isEmpty {
                    chunks.append(chunk)
                    chunk = []
                }
            }
        }
        if chunks.count < 2 { return chunks.flatMap { $0 } }
        return chunks.flatMap { chunk -> [PlainRow] in
            guard let last = chunk.last else { return chunk }
            let delimiter = PlainRow([
                "_time": Timestamp(nanoseconds: time(last) + 1).description.bytes, "_stream": last["_stream"],
                "_msg": "---".bytes,
            ])
            return chunk + [delimiter]
        }
    }

    private func time(_ row: PlainRow) -> Int64 { row.origin?.time ?? 0 }
}
