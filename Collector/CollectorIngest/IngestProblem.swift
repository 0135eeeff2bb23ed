import ByteCoding

/// Why a request was refused as a whole. Nothing of it was stored.
package struct IngestProblem: Error, Sendable, Equatable {
    /// What kind of refusal it is; each has one HTTP status.
    package enum Kind: String, Sendable, Equatable, CaseIterable {
        /// The body is not what its content type says.
        case malformed
        /// The body, its content or the number of its events is over a limit.
        case tooLarge = "too_large"
        /// The content encoding or the content type is none that is taken.
        case unsupported
        /// Too much is in flight; later it will work.
        case overloaded
        /// The collector is stopping, or its journal has failed.
        case unavailable
        /// There is no space left on the disk.
        case diskFull = "disk_full"
    }

    /// Where in the body it was noticed.
    package struct Place: Sendable, Equatable {
        /// Bytes from the start of the decompressed content.
        package var offset: Int
        /// The line, from 1.
        package var line: Int
        /// The byte of the line, from 1.
        package var column: Int

        /// Names a place.
        package init(offset: Int, line: Int, column: Int) {
            self.offset = offset
            self.line = line
            self.column = column
        }

        /// The place of an offset, found by counting newlines.
        init(offset: Int, in content: UnsafeRawBufferPointer) {
            let end = min(max(0, offset), content.count)
            var line = 1
            var start = 0
            for index in 0..<end where content[index] == 0x0A {
                line += 1
                start = index + 1
            }
            self.init(offset: end, line: line, column: end - start + 1)
        }
    }

    /// What kind of refusal it is.
    package var kind: Kind
    /// A sentence for people: what is wrong and what to do.
    package var detail: String
    /// Where, when it is about a place.
    package var place: Place?
    /// The limit that was passed, in bytes or events.
    package var limit: Int?
    /// The member, header or parameter it is about.
    package var field: String?

    /// Makes a refusal.
    package init(
        _ kind: Kind, _ detail: String, place: Place? = nil, limit: Int? = nil, field: String? = nil
    ) {
        self.kind = kind
        self.detail = detail
        self.place = place
        self.limit = limit
        self.field = field
    }
}
