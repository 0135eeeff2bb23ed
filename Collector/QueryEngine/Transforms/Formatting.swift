internal import ByteCoding
internal import LineFormats
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

extension FormatPipe {
    /// What the pipe does to blocks.
    func change(_ options: ExecutionOptions) -> (ResultBlock) -> ResultBlock {
        let condition = PipeCondition(condition, options)
        let pipe = self
        return { block in
            let chosen = condition.rows(of: block)
            let columns = pipe.pattern.steps.map { $0.field.isEmpty ? nil : block.column($0.field) }
            return block.writing(pipe.result, pipe.rule) { row in
                if let chosen, !chosen.contains(row) { return nil }
                var text: [UInt8] = []
                for (step, column) in zip(pipe.pattern.steps, columns) {
                    text += step.prefix
                    if step.field.isEmpty { continue }
                    text += FieldFormat.text(column?.value(at: row) ?? [], step.option)
                }
                return text
            }
        }
    }
}

/// The forms of a field in `format`. A value that has no such form stays as it is.
enum FieldFormat {
    static func text(_ value: [UInt8], _ option: String) -> [UInt8] {
        switch option {
        case "q":
            var writer = ByteWriter(capacity: value.count + 2)
            value.withUnsafeBytes { writer.append(jsonString: $0) }
            return writer.array()
        case "uc": return Array(String(decoding: value, as: UTF8.self).uppercased().utf8)
        case "lc": return Array(String(decoding: value, as: UTF8.self).lowercased().utf8)
        case "duration": return NumberReading.integer(value).map { Array(NumberWriting.duration($0).utf8) } ?? value
        case "duration_seconds":
            return NumberReading.duration(value).map { Array(NumberWriting.decimal(Double($0) / 1e9).utf8) } ?? value
        case "ipv4":
            guard let number = NumberReading.unsigned(value), let address = UInt32(exactly: number) else {
                return value
            }
            return Array(NumberWriting.ipv4(address).utf8)
        case "time":
            guard let time = value.withUnsafeBytes({ unixTime($0) }) else { return value }
            return Array(time.description.utf8)
        default: return BinaryText.text(value, option)
        }
    }

    /// Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by size.
    private static func unixTime(_ bytes: UnsafeRawBufferPointer) -> Timestamp? {
        if let number = NumberReading.integer(bytes) {
            let unit: Int64 =
                switch number.magnitude {
                case ..<(1 << 32): 1_000_000_000
                case ..<((1 << 32) * 1_000): 1_000_000
                case ..<((1 << 32) * 1_000_000): 1_000
                default: 1
                }
            let (product, overflow) = number.multipliedReportingOverflow(by: unit)
            return overflow ? nil : Timestamp(nanoseconds: product)
        }
        return Timestamp(epoch: bytes)
    }
}

/// Hexadecimal digits, base64 and the encoding of addresses on the web.
enum BinaryText {
    static func text(_ value: [UInt8], _ option: String) -> [UInt8] {
        switch option {
        case "hexencode": value.flatMap { [digit($0 >> 4), digit($0 & 15)] }
        case "hexdecode": decodingHexadecimal(value)
        case "hexnumencode":
            NumberReading.unsigned(value).map { number in
                (0..<16).map { digit(UInt8(truncatingIfNeeded: number >> UInt64(60 - $0 * 4)) & 15) }
            } ?? value
        case "hexnumdecode": value.count > 16 ? value : number(value).map { Array("\($0)".utf8) } ?? value
        case "base64encode": encodingBase64(value)
        case "base64decode": decodingBase64(value) ?? value
        case "urlencode": encodingURL(value)
        case "urldecode": decodingURL(value)
        default: value
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }

    private static func number(_ digits: [UInt8]) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            guard let value = value(of: digit) else { return nil }
            number = number << 4 | UInt64(value)
        }
        return number
    }

    /// Pairs that are no digits stay.
    private static func decodingHexadecimal(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index + 1 < text.count {
            if let high = value(of: text[index]), let low = value(of: text[index + 1]) {
                result.append(high << 4 | low)
            } else {
                result += text[index...(index + 1)]
            }
            index += 2
        }
        return result + text[index...]
    }

    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func encodingBase64(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for (index, byte) in group.enumerated() { word |= UInt32(byte) << UInt32(16 - index * 8) }
            for index in 0..<4 {
                result.append(index <= group.count ? base64[Int(word >> UInt32(18 - index * 6) & 63)] : 0x3D)
            }
        }
        return result
    }

    /// Nil when the text is no base64 with its padding. Line breaks are passed over.
    private static func decodingBase64(_ text: [UInt8]) -> [UInt8]? {
        let digits = text.filter { $0 != 0x0A && $0 != 0x0D }
        guard digits.count % 4 == 0 else { return nil }
        let padding = digits.suffix(2).reduce(0) { $0 + ($1 == 0x3D ? 1 : 0) }
        var result: [UInt8] = []
        var word: UInt32 = 0
        for (index, digit) in digits.enumerated() {
            let isPadding = index >= digits.count - padding
            guard isPadding ? digit == 0x3D : base64.contains(digit) else { return nil }
            word = word << 6 | UInt32(isPadding ? 0 : base64.firstIndex(of: digit) ?? 0)
            guard index % 4 == 3 else { continue }
            result += [
                UInt8(truncatingIfNeeded: word >> 16), UInt8(truncatingIfNeeded: word >> 8),
                UInt8(truncatingIfNeeded: word),
            ]
            word = 0
        }
        result.removeLast(padding)
        return result
    }

    private static func encodingURL(_ text: [UInt8]) -> [UInt8] {
        text.flatMap { byte -> [UInt8] in
            switch byte {
            case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x2D, 0x2E, 0x5F: [byte]
            case 0x20: [0x2B]
            default: [0x25, digit(byte >> 4), digit(byte & 15)]
            }
        }
    }

    private static func decodingURL(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == 0x25, index + 2 < text.count, let high = value(of: text[index + 1]),
                let low = value(of: text[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(text[index] == 0x2B ? 0x20 : text[index])
                index += 1
            }
        }
        return result
    }
}
