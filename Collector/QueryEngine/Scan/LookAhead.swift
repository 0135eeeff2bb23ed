internal import StoreFormat
internal import Workers

/// Looks at the blocks of a scan, which takes what is found in their order. Where that takes a while, other threads look at
/// the blocks that come next, as many as may wait to be taken. Whoever finds it, it is the same, and it is taken in the
/// same order: so is the answer.
///
/// What is found in vain, because the scan ends early, is forgotten. What waits holds at most ``mostBytes`` and what the last
/// blocks to be looked at came to.
final class LookAhead: Sendable {
    /// Bytes that may wait to be taken while others go on looking.
    private static let mostBytes = 16 << 20

    private struct State: Sendable {
        /// The first block that nobody looks at.
        var next = 0
        /// The block that is taken next.
        var turn = 0
        var found: [Int: BlockFinding] = [:]
        var foundBytes = 0
        var helpers = 0
        /// Whether blocks are looked at one by one.
        var isAlone: Bool
    }

    private enum Step { case take(BlockFinding), look, lookAhead(Int), wait }

    private let blocks: [any BlockSource]
    private let look: BlockLook
    private let options: ExecutionOptions
    private let state: Monitor<State>
    private let start = ContinuousClock.now
    /// Blocks that are looked at or wait, the next one among them.
    private let window: Int
    private let mostHelpers: Int

    /// - Parameters:
    ///   - blocks: in the order in which they are taken.
    ///   - look: looks at them.
    ///   - options: with the threads that may help, if any.
    init(_ blocks: [any BlockSource], _ look: BlockLook, _ options: ExecutionOptions) {
        self.blocks = blocks
        self.look = look
        self.options = options
        let threads = options.threads?.mostOfQuery ?? 1
        mostHelpers = threads - 1
        window = threads + 1
        // A query that is explained measures the steps of one thread.
        state = Monitor(State(isAlone: threads < 2 || blocks.count < 3 || options.trace != nil))
    }

    /// What is found in a block.
    ///
    /// - Parameter place: the first time 0, then one more each time.
    /// - Returns: what is to be taken, or why there is nothing.
    func finding(_ place: Int) -> BlockFinding {
        askForHelp(place)
        while true {
            switch step(place) {
            case .take(let finding): return settled(finding, place)
            case .look: return settled(look.look(at: blocks[place], apart: false), place)
            case .lookAhead(let ahead): add(look.look(at: blocks[ahead], apart: true), ahead)
            case .wait:
                _ = state.wait { state in state.found[place] == nil ? nil : true }
            }
        }
    }

    /// Lets the helpers go. To be called when no more is taken; returns when none works for the scan any more.
    func end() {
        state.withLock { $0.isAlone = true }
        _ = state.wait { state in state.helpers == 0 ? true : nil }
        let left = state.withLock { state in
            let left = state.found
            state.found = [:]
            return left
        }
        withExtendedLifetime(left) {}
    }

    private func step(_ place: Int) -> Step {
        state.withLock { state in
            state.turn = place
            if let finding = state.found.removeValue(forKey: place) {
                state.foundBytes -= finding.memoryBytes
                return .take(finding)
            }
            if state.next <= place {
                state.next = place + 1
                return .look
            }
            return claim(&state).map { .lookAhead($0) } ?? .wait
        }
    }

    /// A block that may be looked at ahead.
    private func claim(_ state: inout State) -> Int? {
        guard !state.isAlone, state.next < blocks.count, state.next < state.turn + window,
            state.foundBytes < Self.mostBytes
        else { return nil }
        state.next += 1
        return state.next - 1
    }

    private func add(_ finding: BlockFinding, _ place: Int) {
        state.withLock { state in
            state.found[place] = finding
            state.foundBytes += finding.memoryBytes
        }
        state.broadcast()
    }

    /// Without memory for several blocks at the same time it goes on with one.
    private func settled(_ finding: BlockFinding, _ place: Int) -> BlockFinding {
        guard case .failed = finding.content, state.withLock({ !$0.isAlone }) else { return finding }
        end()
        state.withLock { state in
            state.foundBytes = 0
            state.next = place + 1
        }
        return look.look(at: blocks[place], apart: false)
    }

    private func askForHelp(_ place: Int) {
        guard let threads = options.threads, place + 2 < blocks.count,
            state.withLock({ !$0.isAlone && $0.helpers < mostHelpers }), ContinuousClock.now - start >= threads.patience
        else { return }
        state.withLock { $0.helpers += 1 }
        // The block whose turn it is belongs to the scan's own thread.
        if !threads.lend({ [self] in help(threads) }) { leave() }
    }

    private func help(_ threads: QueryThreads) {
        while !threads.areTooMany, !options.isCancelled(), !options.isOverdue(),
            let place = state.withLock({ claim(&$0) })
        {
            add(look.look(at: blocks[place], apart: true), place)
        }
        leave()
    }

    private func leave() {
        state.withLock { $0.helpers -= 1 }
        state.broadcast()
    }
}
