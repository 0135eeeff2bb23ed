import CollectorHTTP
import LogModel
import QueryLanguage

/// Reads the body of a search; a filter that is understood must be written so that it means the same, and it is put to
/// events, which may take long of no filter.
func feedSearch(_ input: UnsafeRawBufferPointer) {
    let now = Timestamp(nanoseconds: 1_750_000_000_000_000_000)
    guard let body = try? SearchBody(Array(input), now: now) else { return }
    let query = Query(filter: body.filter)
    // Values of filters beside the query may make it longer than a query can be.
    if query.description.utf8.count <= QueryLimits.maximumQueryBytes {
        let again = try? Query(parsing: query.description)
        precondition(again == query, "a query changes when it is written")
    }
    precondition(!query.shape.isEmpty, "a query without a shape")
    _ = query.timeBounds(now: now)
    let found = RowMatcher(body.filter, now: now).prepare(searchedEvents).matchingRows()
    let others = RowMatcher(.negation(body.filter), now: now).prepare(searchedEvents).matchingRows()
    // Filters with queries inside let nothing pass here, nor do their negations let everything.
    precondition(
        body.filter.hasSubquery || (found + others).sorted() == Array(0..<searchedEvents.count),
        "a filter and its negation leave an event out")
}

/// Events on which a filter that goes back and forth in its text would take long.
private let searchedEvents: EventBatch = {
    var builder = EventBatchBuilder()
    let messages: [[UInt8]] = [
        [], Array("error: card declined for user 4711 after 17 ms".utf8), Array(repeating: 0x61, count: 3_000),
        Array(repeating: [0x61, 0x62], count: 1_500).flatMap { $0 } + [0xFF, 0xC3, 0x28, 0x00], Array("été 10KB".utf8),
    ]
    for (number, message) in messages.enumerated() {
        Array("cart".utf8).withUnsafeBytes { builder.add(label: builder.name("service"), value: $0) }
        Array("\(number)".utf8).withUnsafeBytes { builder.add(field: builder.name("n"), value: $0) }
        message.withUnsafeBytes {
            let time = Timestamp(nanoseconds: 1_750_000_000_000_000_000 - Int64(number) * 60_000_000_000)
            builder.endEvent(time: time, level: .info, message: $0)
        }
    }
    return builder.finish()
}()

let searchSeeds: [[UInt8]] = [
    #"{"query":"error -\"card declined\" n:>1","filters":{"service":["cart","pay"],"level":"ERROR"},"limit":10}"#,
    #"{"query":"*","filters":{"":6,"meta.":"x"}}"#,
    #"{"time_range":{"from":"now-1h","to":"2025-06-15T16:00:00+02:00"},"sort":"asc","timeout":"5s","query":null}"#,
    ##"{"query":"_msg:~\"(a|b)*c$\" or *ab* or seq(a,\"b c\") # remark","filters":{"meta.n":3,"msg":true}}"##,
    #"{"query":"((((((a or !b) _time:5m))) {service=~\"c.*\"}))) n:range(0,inf)","cursor":"01","limit":1e3}"#,
    #"{"query":"i(ÉTÉ*) n:in(* | fields n) | where n:len_range(1,2)","time_range":{"from":1750000000.5}}"#,
].map { Array($0.utf8) }
