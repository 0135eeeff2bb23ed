import SystemIO

/// What the host itself tells.
enum HostProbes {
    /// How full a file system is, in bytes and in inodes.
    static func disk(_ path: String, _ bounds: Check.DiskBounds) -> Reading {
        let space: FreeSpace
        do throws(IOError) { space = try FileSystem.freeSpace(path) } catch {
            return Reading(.unhealthy, "\(error)")
        }
        return disk(space, bounds)
    }

    /// How full a file system is. What only root may still write counts as used, as in df(1).
    static func disk(_ space: FreeSpace, _ bounds: Check.DiskBounds) -> Reading {
        let usable = Double(space.used) + Double(space.available)
        let used = usable > 0 ? Double(space.used) / usable * 100 : 0
        let inodes = space.inodes > 0 ? Double(space.usedInodes) / Double(space.inodes) * 100 : 0
        let figures: [Reading.Figure] = [
            .init("used_percent", used), .init("inodes_used_percent", inodes),
            .init("available_bytes", Double(space.available)),
        ]
        let worst = max(used, inodes)
        let what = used >= inodes ? "used" : "of the inodes used"
        let text = "\(Int(worst)) % \(what), \(space.available >> 20) MiB free"
        let status: HealthStatus =
            worst >= bounds.unhealthy ? .unhealthy : worst >= bounds.warning ? .warning : .healthy
        return Reading(status, text, figures: figures)
    }

    /// How many processes there are whose program has a name, as `pgrep -x` counts them.
    ///
    /// - Parameters:
    ///   - name: as the kernel knows it; of longer ones the first 15 bytes are compared.
    ///   - minimum: how many there must be.
    ///   - proc: where the kernel shows processes.
    /// - Returns: unhealthy when there are fewer.
    static func process(_ name: String, atLeast minimum: Int, proc: String = "/proc") -> Reading {
        let known = Array(name.utf8.prefix(15))
        let names: [String]
        do throws(IOError) { names = try FileSystem.list(proc) } catch {
            return Reading(.unknown, "\(error)")
        }
        let count = names.count { directory in
            guard directory.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                // One that has ended meanwhile is not counted.
                var comm = try? FileSystem.contents("\(proc)/\(directory)/comm", limit: 64)
            else { return false }
            if comm.last == 0x0A { comm.removeLast() }
            return comm == known
        }
        let figures = [Reading.Figure("processes", Double(count))]
        if count >= minimum { return Reading(.healthy, "", figures: figures) }
        let text = count == 0 ? "no process of that name runs" : "\(count) of \(minimum) processes run"
        return Reading(.unhealthy, text, figures: figures)
    }
}
