import ByteCoding
import LineFormats
import LogModel
import QueryLanguage

/// Reads each line as an event, and as a JSON value that must survive being written.
func feedJSON(_ input: UnsafeRawBufferPointer) {
    let keys = JSONEventDecoder.Keys(labels: FieldName.defaultStreamLabels, unwrapping: "meta")
    var decoder = JSONEventDecoder(keys: keys)
    var builder = EventBatchBuilder()
    for line in Array(input).split(separator: 0x0A) {
        line.withUnsafeBytes { text in
            var scanner = JSONScanner(text)
            try? decoder.decode(&scanner, into: &builder, arrival: Timestamp(nanoseconds: 0), isWholeText: true)
        }
        guard let value = try? JSONValue(parsing: Array(line)) else { continue }
        let again = try? JSONValue(parsing: value.bytes)
        precondition(again == value, "a JSON value changes when it is written")
    }
    checkIntegrity(of: builder.finish())
}

/// All indexes and ranges of a batch are promised to be right.
func checkIntegrity(of batch: EventBatch) {
    for row in 0..<batch.count {
        precondition(batch.messages[row].end <= batch.arena.count, "a message past the arena")
        precondition(Int(batch.streamIndexes[row]) < batch.streams.count, "a row of no stream")
        precondition(batch.fieldStarts[row] <= batch.fieldStarts[row + 1], "fields in the wrong order")
    }
    for field in batch.fields {
        precondition(field.value.end <= batch.arena.count, "a value past the arena")
        precondition(Int(field.name) < batch.fieldNames.count, "a field without a name")
    }
}

let jsonSeeds: [[UInt8]] = [
    #"{"_time":"2025-06-15T14:00:00.123456789Z","_msg":"took 17 ms","level":"error","service":"cart","n":-1.5e3}"#,
    #"{"meta":{"a":{"b":[1,2,{"c":null}]},"t":true},"_msg":"\u00e9\ud83d\ude00\n\"\\","_time":1750000000123}"#,
    "{}\n[]\n{\"_time\":\"never\"}\n{\"a\":1,\"a\":2}\r\n  {\"message\":\"two\"} ",
].map { Array($0.utf8) }

/// Reads time and level of one line.
func feedLine(_ input: UnsafeRawBufferPointer) {
    var reader = PlainLineReader()
    _ = reader.read(input, now: Timestamp(nanoseconds: 1_750_000_000_000_000_000))
}

let lineSeeds: [[UInt8]] = [
    "2025-06-15 14:00:00,123 ERROR [main] failed", "Jun 15 14:00:00 host sshd[1]: warning: x",
    "081109 203518 143 INFO dfs.DataNode: y", "1750000000.5 level=warn msg=z", "[Sun Jun 15 14:00:00 2025] [error] w",
    "<13>1 2025-06-15T14:00:00.000003-07:00 host app - - - v", "03-17 16:13:38.811  1702  2395 D WindowManager: u",
].map { Array($0.utf8) }

/// Parses a query; one that is understood must be written so that it means the same.
func feedQuery(_ input: UnsafeRawBufferPointer) {
    guard let query = try? Query(parsing: String(decoding: input, as: UTF8.self)) else { return }
    _ = query.timeBounds(now: Timestamp(nanoseconds: 1_750_000_000_000_000_000))
    let again = try? Query(parsing: query.description)
    precondition(again == query, "a query changes when it is written")
}

let querySeeds: [[UInt8]] = [
    "error AND (level:=ERROR or !\"card declined\") _time:5m | stats by (service, _time:1h) count() n, max(x) m",
    #"{service="cart",host=~"a|b"} field:~"^a.*b$" -x:in(a,"b\xff",c) n:>10 n:range[1,2) * | sort by (_time desc) limit 5"#,
    "_time:[2025-06-01,2025-07-01Z) pre* seq(\"a\",b) ip:ipv4_range(10.0.0.0/8) | fields a, b | uniq by (c) | limit 3",
    "* | top 10 by (path) | copy a b | rename c as d | delete e | where f:x | offset 2",
    "u:in(* | fields u) _time:day_range[08:00,18:00) a:lt_field(b) | extract if (a:b) \"x<y> \" from c | math a+b*2 as d",
    "* | join by (a) (b | stats by (a:10KB, _time:week offset 1h) quantile(0.9, c) if (d) e) inner | format '<uc:a>' as b",
].map { Array($0.utf8) }
