import ConsoleRuntime
import Glibc

exit(LodgeCommand.execute(Array(CommandLine.arguments.dropFirst())))
