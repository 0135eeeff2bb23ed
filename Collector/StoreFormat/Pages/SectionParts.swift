internal import ByteCoding

/// Some bytes of a section, or all: where in memory they are.
@unsafe
struct SectionParts {
    private let bytes: UnsafeRawBufferPointer
    /// The parts, and where each begins in ``bytes``.
    private let parts: [(range: Range<Int>, start: Int)]

    /// A whole section.
    init(whole bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = bytes
        unsafe parts = [(0..<bytes.count, 0)]
    }

    /// Parts of a section, one behind the other in memory.
    init(_ ranges: [Range<Int>], _ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = bytes
        var start = 0
        unsafe parts = ranges.map { range in
            defer { start += range.count }
            return (range, start)
        }
    }

    /// The bytes of a range.
    ///
    /// - Throws: ``StoreFormatError`` when they are not there.
    subscript(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        get throws(StoreFormatError) {
            for part in unsafe parts
            where part.range.lowerBound <= range.lowerBound && range.upperBound <= part.range.upperBound {
                let start = part.start + range.lowerBound - part.range.lowerBound
                return unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<(start + range.count)])
            }
            throw StoreFormatError("part of a section lies outside of what was read")
        }
    }
}

extension SegmentBlock {
    /// Rows whose values are read by parts of sections.
    static let fewRows = 8

    /// The checksums of a section's pages; nil when they are not known.
    func pages(of reference: SectionReference) -> ArraySlice<UInt32>? {
        guard reference.length >= PageChecksums.shortest,
            let extra = description.extras.first(where: { $0.kind == .pages })
        else { return nil }
        return cached(extra, .pages, cost: \.memoryBytes) {
            // Those that cannot be read are as if they were not there.
            (try? PageChecksums(try section(extra))) ?? PageChecksums()
        }.pages(of: reference)
    }

    /// Lends parts of a section.
    ///
    /// - Parameters:
    ///   - wanted: ranges of the section's bytes.
    ///   - reference: the section.
    ///   - pages: the checksums of its pages.
    ///   - body: gets at least these bytes.
    /// - Returns: what `body` returns; nil when a page fails its checksum, so that the section is to be read whole.
    /// - Throws: what `body` and reading throw.
    func decoding<R>(
        _ wanted: [Range<Int>], of reference: SectionReference, _ pages: ArraySlice<UInt32>,
        _ body: (SectionParts, inout CodecContext) throws -> R
    ) throws -> R? {
        let ranges = PageRuns.covering(wanted, length: Int(reference.length))
        var content: [UInt8] = []
        for range in ranges {
            let part = try segment.bytes(range, of: reference)
            guard PageRuns.areIntact(part, from: range.lowerBound, pages) else { return nil }
            if content.isEmpty { content = part } else { content += part }
        }
        memo?.note {
            $0.sections += 1
            $0.bytes += content.count
        }
        return unsafe try content.withUnsafeBytes { raw in
            var context = CodecContext()
            let result = unsafe try body(SectionParts(ranges, raw), &context)
            let bytes = context.decompressedBytes
            memo?.note { $0.decompressedBytes += bytes }
            return result
        }
    }
}

/// Pages that are read at once.
enum PageRuns {
    /// Whole pages that cover some ranges, ascending and apart.
    static func covering(_ wanted: [Range<Int>], length: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for range in wanted.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            let start = range.lowerBound / PageChecksums.pageBytes * PageChecksums.pageBytes
            let end = (range.upperBound + PageChecksums.pageBytes - 1) / PageChecksums.pageBytes
            let run = start..<max(start, min(length, end * PageChecksums.pageBytes))
            // What lies between two runs costs less than another read if it is one page.
            if let last = runs.last, run.lowerBound <= last.upperBound + PageChecksums.pageBytes {
                runs[runs.count - 1] = last.lowerBound..<max(last.upperBound, run.upperBound)
            } else {
                runs.append(run)
            }
        }
        return runs
    }

    /// Whether pages have their checksums.
    static func areIntact(_ content: [UInt8], from start: Int, _ pages: ArraySlice<UInt32>) -> Bool {
        unsafe content.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let end = min(offset + PageChecksums.pageBytes, bytes.count)
                let page = pages.startIndex + (start + offset) / PageChecksums.pageBytes
                guard page < pages.endIndex,
                    unsafe crc32c(UnsafeRawBufferPointer(rebasing: bytes[offset..<end])) == pages[page]
                else { return false }
                offset = end
            }
            return true
        }
    }
}
