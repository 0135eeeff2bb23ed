/// The columns of a block by name. Kept from block to block, so that the memory is reused; names that a block does not
/// have are dropped when there are too many.
@safe
struct ColumnTable: ~Copyable {
    private(set) var names: [String] = []
    private var numbers: [String: Int] = [:]
    private var storage = UnsafeMutablePointer<ColumnBuilder>.allocate(capacity: StoreLimits.blockColumns)

    deinit {
        unsafe storage.deinitialize(count: names.count)
        unsafe storage.deallocate()
    }

    var count: Int { names.count }

    func hasValues(_ index: Int) -> Bool { unsafe !storage[index].rows.isEmpty }

    /// The number of the column, made if need be; -1 when there are too many.
    mutating func index(of name: String) -> Int {
        if let known = numbers[name] { return known }
        guard names.count < StoreLimits.blockColumns else { return -1 }
        unsafe (storage + names.count).initialize(to: ColumnBuilder(capacity: 1 << 12))
        numbers[name] = names.count
        names.append(name)
        return names.count - 1
    }

    mutating func set(_ value: UnsafeRawBufferPointer, column: Int, row: Int) {
        unsafe storage[column].set(value, row: row)
    }

    /// The rows that have a value of a column.
    func rows(_ index: Int) -> [UInt32] { unsafe storage[index].rows }

    /// Writes a column; `number` is that of the column among the block's presences. Tells too whether its words are worth
    /// a place in the filter.
    mutating func write(
        _ index: Int, number: Int, _ block: FieldEncoder.Surroundings, _ encoder: inout FieldEncoder,
        _ templates: inout TemplateEncoder, _ output: inout SectionOutput, _ context: inout CodecContext
    ) throws(StoreFormatError) -> (section: SectionReference, hasFreeWords: Bool) {
        unsafe try output.field(&storage[index], number: number, block, &encoder, &templates, &context)
    }

    /// Adds the words of a column.
    func collectWords(_ index: Int, _ words: inout WordCollector) {
        unsafe words.add(wordsOf: storage[index], WordHash.Salt.field(names[index]))
    }

    mutating func removeAll() {
        if names.count > StoreLimits.blockColumns / 2 {
            unsafe storage.deinitialize(count: names.count)
            names.removeAll()
            numbers.removeAll()
        } else {
            for index in 0..<names.count { unsafe storage[index].removeAll() }
        }
    }
}
