import AgentRuntime
import Glibc

exit(AgentCommand.execute(Array(CommandLine.arguments.dropFirst())))
