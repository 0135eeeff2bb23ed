/// Bounds on what one query may ask of the parser.
package enum QueryLimits {
    /// The longest query, in bytes. Queries are written by people, or by dashboards that list a few hundred values.
    package static let maximumQueryBytes = 65_536
    /// How deep parentheses may nest. Parser, printer and matchers recurse once a level, so this bounds their stacks.
    package static let maximumDepth = 100
    /// How deep queries may stand inside queries: running one recurses once a level.
    package static let maximumQueryDepth = 8
    /// How deep formulas may nest: reading one recurses several times a level.
    package static let maximumFormulaDepth = 32
}
