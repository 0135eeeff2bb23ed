extension Pipe {
    /// Whether rows that come out are those of the blocks that came in, with fewer fields at most.
    package var keepsBlocks: Bool {
        switch self {
        case .filter, .fields, .delete: true
        default: false
        }
    }

    /// The same pipe with `change` applied to each filter in it. Queries inside (`join`, `union`) are left alone.
    package func mapFilters<E: Error>(_ change: (Filter) throws(E) -> Filter) throws(E) -> Pipe {
        func changed(_ filter: Filter?) throws(E) -> Filter? {
            guard let filter else { return nil }
            return try change(filter)
        }
        switch self {
        case .filter(let pipe): return .filter(FilterPipe(try change(pipe.filter)))
        case .stats(var pipe):
            for index in pipe.functions.indices {
                pipe.functions[index].condition = try changed(pipe.functions[index].condition)
            }
            return .stats(pipe)
        case .extract(var pipe):
            pipe.condition = try changed(pipe.condition)
            return .extract(pipe)
        case .format(var pipe):
            pipe.condition = try changed(pipe.condition)
            return .format(pipe)
        case .unpack(var pipe):
            pipe.condition = try changed(pipe.condition)
            return .unpack(pipe)
        case .unroll(var pipe):
            pipe.condition = try changed(pipe.condition)
            return .unroll(pipe)
        case .update(var pipe):
            pipe.condition = try changed(pipe.condition)
            return .update(pipe)
        default: return self
        }
    }
}
