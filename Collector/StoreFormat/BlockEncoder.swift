internal import Synchronization

/// What turns the columns of a block into sections, with the memory that this takes: as much as the block itself, and more
/// where values are hard to compress. Segments that are written at the same time can share one: then their blocks are
/// encoded one after the other, in the same memory.
///
/// Sendable: the work is touched only under the lock, inside of ``work(_:)``, which hands nothing of it out. The compiler
/// cannot check this: a `Mutex` that holds the work would have to send into the lock what the block's columns are in.
package final class BlockEncoder: @unchecked Sendable {
    struct Work: ~Copyable {
        var templates = TemplateEncoder()
        var filter = BlockFilterBuilder()
        var fields = FieldEncoder()
    }

    private let lock = Mutex(())
    private var kept = Work()

    /// Makes an encoder.
    package init() {}

    /// Lends what encodes, as soon as nobody else has it.
    func work(
        _ body: (inout Work) throws(StoreFormatError) -> BlockDescription
    ) throws(StoreFormatError) -> BlockDescription {
        var block: BlockDescription?
        try lock.withLock { _ throws(StoreFormatError) in block = try body(&kept) }
        guard let block else { preconditionFailure("the body has returned") }
        return block
    }
}
