import Glibc
import QueryLanguage

/// A number of the environment; nil when it is not set.
func environmentNumber(_ name: String) -> Int? {
    getenv(name).flatMap { Int(String(cString: $0)) }
}

extension Query {
    /// The query with one part less, for each part that can go.
    var simpler: [Query] {
        var result: [Query] = []
        for index in pipes.indices {
            var shorter = self
            shorter.pipes.remove(at: index)
            result.append(shorter)
            for pipe in pipes[index].simpler {
                var shorter = self
                shorter.pipes[index] = pipe
                result.append(shorter)
            }
        }
        result += filter.simpler.map { simpler in
            var shorter = self
            shorter.filter = simpler
            return shorter
        }
        return result
    }
}

extension Pipe {
    fileprivate var simpler: [Pipe] {
        switch self {
        case .stats(let pipe):
            let fewer = pipe.functions.count > 1 ? pipe.functions.indices.map { $0 } : []
            return fewer.map { index in
                var shorter = pipe
                shorter.functions.remove(at: index)
                return .stats(shorter)
            }
                + pipe.by.indices.map { index in
                    var shorter = pipe
                    shorter.by.remove(at: index)
                    return .stats(shorter)
                }
                + pipe.functions.indices.filter { pipe.functions[$0].condition != nil }.map { index in
                    var shorter = pipe
                    shorter.functions[index].condition = nil
                    return .stats(shorter)
                }
        case .filter(let pipe): return pipe.filter.simpler.map { .filter(FilterPipe($0)) }
        case .fields(let pipe) where pipe.fields.count > 1:
            return pipe.fields.indices.map { index in
                var shorter = pipe
                shorter.fields.remove(at: index)
                return .fields(shorter)
            }
        case .sort(let pipe) where pipe.keys.count > 1:
            return pipe.keys.indices.map { index in
                var shorter = pipe
                shorter.keys.remove(at: index)
                return .sort(shorter)
            }
        case .join(let pipe):
            return pipe.query.simpler.map { query in
                var shorter = pipe
                shorter.query = query
                return .join(shorter)
            }
        case .union(let pipe):
            return pipe.query.simpler.map { query in
                var shorter = pipe
                shorter.query = query
                return .union(shorter)
            }
        default: return []
        }
    }
}

extension Filter {
    /// The filter with one part less.
    fileprivate var simpler: [Filter] {
        switch self {
        case .all: return []
        case .and(let members): return [.all] + Self.fewer(members).map { .conjunction($0) }
        case .or(let members): return [.all] + Self.fewer(members).map { .disjunction($0) }
        case .not(let inner): return [.all, inner] + inner.simpler.map { .negation($0) }
        default: return [.all]
        }
    }

    private static func fewer(_ members: [Filter]) -> [[Filter]] {
        members.indices.flatMap { index -> [[Filter]] in
            var fewer = members
            let member = fewer.remove(at: index)
            return [fewer]
                + member.simpler.filter { $0 != .all }.map { simpler in
                    var changed = members
                    changed[index] = simpler
                    return changed
                }
        }
    }
}
