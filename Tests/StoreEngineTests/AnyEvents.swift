import LogModel
import StoreEngine
import StoreFormat
import TestSupport

/// Events of every odd shape: bytes that are no text, empty and long values, hundreds of fields, values that never or
/// always repeat, several streams and levels.
struct AnyEvents {
    var generator: SeededGenerator
    private var number = 0

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func batch(rows: Int) -> EventBatch {
        var builder = EventBatchBuilder()
        // Wide events are few: each check looks at each of their columns for each row.
        let style = generator.below(12) == 0 ? 2 : [0, 1, 3, 4, 5][generator.below(5)]
        for row in 0..<rows {
            number += 1
            if generator.below(3) > 0 {
                let service = builder.name("service")
                Array("s\(generator.below(4))".utf8).withUnsafeBytes { builder.add(label: service, value: $0) }
            }
            for (name, value) in fields(style, row) {
                let field = builder.name(name)
                value.withUnsafeBytes { builder.add(field: field, value: $0) }
            }
            let level: Level = [.info, .error, .debug, .unknown][generator.below(4)]
            message(style).withUnsafeBytes {
                builder.endEvent(
                    time: Timestamp(nanoseconds: Int64(number) * 1_000 - Int64(generator.below(5_000))),
                    level: level, message: $0)
            }
        }
        return builder.finish()
    }

    private mutating func message(_ style: Int) -> [UInt8] {
        switch style {
        case 0: return Array("request \(number) took \(generator.below(900)) ms".utf8)
        case 1: return bytes(generator.below(40))
        case 2: return Array("same".utf8)
        case 3: return []
        case 4: return generator.below(40) == 0 ? bytes(100_000) : Array("user=\(generator.next())".utf8)
        default: return [0x1A, 0, 0xFF] + Array("t\(number)".utf8)
        }
    }

    private mutating func fields(_ style: Int, _ row: Int) -> [(String, [UInt8])] {
        var result: [(String, [UInt8])] = [("seq", Array("\(number)".utf8))]
        switch style {
        case 0: result += [("status", Array("\(200 + generator.below(3))".utf8)), ("id", bytes(16))]
        case 1: result.append(("", bytes(3)))
        case 2 where row % 9 == 0: result += (0..<600).map { ("wide-\($0)", Array("\($0 * (row + 1) % 5)".utf8)) }
        case 3: result.append(("empty", []))
        default: break
        }
        return result
    }

    private mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }
}

/// All of each event by its id: time, level, stream, message and fields by name, byte for byte. Throws when an id comes
/// twice.
func everything(_ snapshot: StoreSnapshot) throws -> [UInt64: [UInt8]] {
    var result: [UInt64: [UInt8]] = [:]
    for block in snapshot.blocks {
        let all = RowBitmap(rowCount: block.rowCount, filled: true)
        let (ids, times, levels) = (try block.ids(), try block.times(), try block.levels())
        let (messages, streams) = (try block.messages(all), try block.streamIndexes())
        let known = try block.streams
        var events = (0..<block.rowCount).map { row in
            Array("\(times[row]) \(levels[row]) \(known[Int(streams[row])].text) ".utf8)
                + (messages.value(at: row) ?? [])
        }
        for name in block.fieldNames.sorted() {
            guard let column = try block.column(name, all) else { continue }
            for row in 0..<block.rowCount where !column.range(at: row).isAbsent {
                events[row] += Array("\n\(name)=".utf8) + (column.value(at: row) ?? [])
            }
        }
        for (id, event) in zip(ids, events) {
            guard result.updateValue(event, forKey: id) == nil else { throw Twice(id: id) }
        }
        guard ids == ids.sorted(), block.idBounds == ids[0]...ids[ids.count - 1] else {
            throw StoreError("ids of a block do not ascend")
        }
    }
    return result
}
