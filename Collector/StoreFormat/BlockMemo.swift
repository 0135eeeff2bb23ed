internal import Synchronization

/// What several columns of a block are made of, kept while a query works on the block and gone with it. Shared freely; two
/// threads that need the same thing at the same time may both make it.
final class BlockMemo: Sendable {
    private struct State: Sendable {
        var terms: TemplateTerms?
        var streamGroups: RowGroups?
        var levelGroups: RowGroups?
        var packedFields: PackedFields?
        var reading = BlockReading()
    }

    private let state = Mutex(State())

    /// What has been read so far.
    var reading: BlockReading { state.withLock { $0.reading } }

    /// Notes what was read: a few times a column, never by row.
    func note(_ change: (inout BlockReading) -> Void) { state.withLock { change(&$0.reading) } }

    /// The words of the templates of the messages, if they have been asked for.
    var knownTerms: TemplateTerms? { state.withLock { $0.terms } }

    /// The words of the templates of the messages.
    func terms(_ make: () throws -> TemplateTerms) rethrows -> TemplateTerms {
        if let known = knownTerms { return known }
        let made = try make()
        state.withLock { $0.terms = made }
        return made
    }

    /// The rows by stream.
    func streamGroups(_ make: () throws -> RowGroups) rethrows -> RowGroups {
        if let known = state.withLock({ $0.streamGroups }) { return known }
        let made = try make()
        state.withLock { $0.streamGroups = made }
        return made
    }

    /// The fields without columns of their own.
    func packedFields(_ make: () throws -> PackedFields) rethrows -> PackedFields {
        if let known = state.withLock({ $0.packedFields }) { return known }
        let made = try make()
        state.withLock { $0.packedFields = made }
        return made
    }

    /// The rows by level.
    func levelGroups(_ make: () throws -> RowGroups) rethrows -> RowGroups {
        if let known = state.withLock({ $0.levelGroups }) { return known }
        let made = try make()
        state.withLock { $0.levelGroups = made }
        return made
    }
}
