import ChildPrograms

/// What programs say of the health of something.
extension ChildProcess {
    /// Reads a program as a plugin of Nagios: 0 is healthy, 1 a warning, 2 unhealthy, 3 and all else unknown; the first line
    /// is the reason, and what stands behind a `|` there are figures.
    ///
    /// Source: the Monitoring Plugins Development Guidelines, "Plugin Return Codes" and "Performance data".
    func plugin(timeout: UInt64, shouldStop: () -> Bool) -> Reading {
        let ending: Ending, output: [UInt8]
        do throws(ChildProgramError) { (ending, output) = try run(timeout: timeout, shouldStop: shouldStop) } catch {
            return Reading(.unknown, error.description)
        }
        let line = String(decoding: output.prefix { $0 != 0x0A }, as: UTF8.self)
        let parts = line.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
        let words = String(parts.first ?? "").trimmed
        switch ending {
        case .timeout: return Reading(.unhealthy, "no answer in time" + (words.isEmpty ? "" : ": \(words)"))
        case .signalled(let signal): return Reading(.unknown, "ended by signal \(signal)")
        case .exited(let code):
            let status: HealthStatus =
                switch code {
                case 0: .healthy
                case 1: .warning
                case 2: .unhealthy
                default: .unknown
                }
            let reason = words.isEmpty && code != 0 ? "exit code \(code)" : words
            return Reading(status, reason, figures: parts.count > 1 ? Self.figures(parts[1]) : [])
        }
    }

    /// Figures of a plugin that are taken.
    private static let maximumFigures = 32

    /// `load1=0.5;1;2;0 'free space'=12GB`: the numbers before the first `;`, units as part of the name.
    private static func figures(_ text: Substring) -> [Reading.Figure] {
        var figures: [Reading.Figure] = []
        var rest = text.drop { $0 == " " }
        while !rest.isEmpty, figures.count < maximumFigures {
            let name: Substring
            if rest.first == "'" {
                name = rest.dropFirst().prefix { $0 != "'" }
                rest = rest.dropFirst(name.count + 2)
            } else {
                name = rest.prefix { $0 != "=" && $0 != " " }
                rest = rest.dropFirst(name.count)
            }
            if rest.first == "=" {
                let value = rest.dropFirst().prefix { $0 != " " }
                rest = rest.dropFirst(value.count + 1)
                let number = value.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }
                let unit = value.dropFirst(number.count).prefix { $0 != ";" }
                if let figure = Double(number), !name.isEmpty {
                    figures.append(
                        .init(unit.isEmpty ? "\(name)" : "\(name)_\(unit == "%" ? "percent" : unit)", figure))
                }
            }
            rest = rest.drop { $0 != " " }.drop { $0 == " " }
        }
        return figures
    }

    /// Whether a unit is active, as `systemctl show` says.
    static func unit(_ name: String, timeout: UInt64, shouldStop: () -> Bool) -> Reading {
        let properties = "--property=LoadState,ActiveState,SubState,Result,NRestarts"
        let systemctl = ChildProcess(arguments: ["systemctl", "show", properties, "--", name])
        do throws(ChildProgramError) {
            let (ending, output) = try systemctl.run(timeout: timeout, shouldStop: shouldStop)
            let text = String(decoding: output, as: UTF8.self)
            switch ending {
            case .exited(0): return unit(properties: text)
            case .timeout: return Reading(.unknown, "systemctl gave no answer in time")
            default: return Reading(.unknown, text.prefix { $0 != "\n" }.description.trimmed)
            }
        } catch {
            return Reading(.unknown, error.description)
        }
    }

    /// What `systemctl show` says of a unit.
    static func unit(properties text: String) -> Reading {
        var properties: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            properties[line[..<equals]] = line[line.index(after: equals)...]
        }
        let (active, sub) = (properties["ActiveState"] ?? "", properties["SubState"] ?? "")
        let figures = Double(properties["NRestarts"] ?? "").map { [Reading.Figure("restarts", $0)] } ?? []
        switch (properties["LoadState"] ?? "", active) {
        case ("not-found", _): return Reading(.unhealthy, "there is no such unit")
        case ("masked", _): return Reading(.unhealthy, "the unit is masked")
        case (_, "active"), (_, "reloading"): return Reading(.healthy, "\(active) (\(sub))", figures: figures)
        case (_, "activating"), (_, "deactivating"):
            return Reading(.warning, "\(active) (\(sub))", figures: figures)
        case (_, "inactive"), (_, "failed"):
            let result = properties["Result"].flatMap { $0 == "success" ? nil : ", result \($0)" } ?? ""
            return Reading(.unhealthy, "\(active) (\(sub)\(result))", figures: figures)
        default: return Reading(.unknown, "systemd says nothing of the unit")
        }
    }
}

extension String {
    /// Without blanks around it.
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
