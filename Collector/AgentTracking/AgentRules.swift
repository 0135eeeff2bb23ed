/// When an agent counts as late, and what is remembered of agents.
package struct AgentRules: Sendable, Equatable {
    /// An agent that was not heard of for so long is silent: what it may have written since has not arrived.
    package var silentAfter = Duration.seconds(90)
    /// An agent whose oldest event that has not arrived is older than this is behind.
    package var behindAfter = Duration.seconds(60)
    /// An agent that was not heard of for so long is forgotten.
    package var forgetAfter = Duration.seconds(86_400)
    /// Agents that are remembered; others are counted only.
    package var maximumAgents = 50_000
    /// Gaps that are remembered; beyond, new ones join those of the same agent, or the oldest is forgotten and counted.
    package var maximumGaps = 10_000

    /// The defaults.
    package init() {}
}
