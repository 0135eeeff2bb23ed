/// The values of one field in one block as numbers, without their text.
package struct NumberColumn: Sendable {
    /// How the numbers are spelled; two values are the same text if and only if form and number are the same.
    package let form: NumberForm
    /// For each row its number times 10 to the power of the form's scale; 0 where it has none.
    package let values: [Int64]
    /// The rows that have a value.
    package let rows: RowBitmap
}
