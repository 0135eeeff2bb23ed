internal import ByteCoding
internal import LineFormats
internal import QueryLanguage

extension ResultBlock {
    /// The block with a number about the value of a field.
    func measuring(_ pipe: MeasurePipe) -> ResultBlock {
        let column = column(pipe.field)
        return writing(pipe.result) { row in
            let value = column?.value(at: row) ?? []
            let number: UInt64 =
                switch pipe.kind {
                case .length: UInt64(value.count)
                case .arrayLength: UInt64(JSONArrays.elements(of: value).count)
                // What a double holds exactly.
                case .hash: value.withUnsafeBytes { XXHash.hash64($0) } & ((1 << 53) - 1)
                }
            return Array("\(number)".utf8)
        }
    }
}

/// Arrays in JSON as values of fields.
enum JSONArrays {
    /// The elements: strings as they are, everything else as JSON. None when the text is no array.
    static func elements(of text: [UInt8]) -> [[UInt8]] {
        guard text.first == 0x5B, case .array(let elements)? = try? JSONValue(parsing: text) else { return [] }
        return elements.map { Self.text($0) }
    }

    /// A value as the text of a field.
    static func text(_ value: JSONValue) -> [UInt8] {
        if case .string(let text) = value { return Array(text.utf8) }
        var writer = ByteWriter(capacity: 64)
        value.write(to: &writer)
        return writer.array()
    }

    /// An array of strings.
    static func write(_ values: some Sequence<[UInt8]>, to writer: inout ByteWriter) {
        writer.append(0x5B)
        var isFirst = true
        for value in values {
            if !isFirst { writer.append(0x2C) }
            isFirst = false
            value.withUnsafeBytes { writer.append(jsonString: $0) }
        }
        writer.append(0x5D)
    }
}

/// XXH64 with seed 0, so that hashes are the ones that other programs compute.
enum XXHash {
    private static let primes: [UInt64] = [
        0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63,
        0x27D4_EB2F_1656_67C5,
    ]

    static func hash64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let p = primes
        func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
        func round(_ lane: UInt64, _ input: UInt64) -> UInt64 { rotated(lane &+ input &* p[1], 31) &* p[0] }
        func word(_ place: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        }
        var place = 0
        var hash: UInt64
        if bytes.count >= 32 {
            var lanes: [UInt64] = [p[0] &+ p[1], p[1], 0, 0 &- p[0]]
            while place + 32 <= bytes.count {
                for lane in 0..<4 { lanes[lane] = round(lanes[lane], word(place + lane * 8)) }
                place += 32
            }
            hash = rotated(lanes[0], 1) &+ rotated(lanes[1], 7) &+ rotated(lanes[2], 12) &+ rotated(lanes[3], 18)
            for lane in lanes { hash = (hash ^ round(0, lane)) &* p[0] &+ p[3] }
        } else {
            hash = p[4]
        }
        hash = hash &+ UInt64(bytes.count)
        while place + 8 <= bytes.count {
            hash = rotated(hash ^ round(0, word(place)), 27) &* p[0] &+ p[3]
            place += 8
        }
        if place + 4 <= bytes.count {
            let half = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
            hash = rotated(hash ^ UInt64(half) &* p[0], 23) &* p[1] &+ p[2]
            place += 4
        }
        while place < bytes.count {
            hash = rotated(hash ^ UInt64(bytes[place]) &* p[4], 11) &* p[0]
            place += 1
        }
        hash = (hash ^ hash >> 33) &* p[1]
        hash = (hash ^ hash >> 29) &* p[2]
        return hash ^ hash >> 32
    }
}
