import AgentDelivery
import CurlTransport
import Testing

struct DeliveryPolicyTests {
    private let accepted = DeliveryOutcome.accepted(events: 1, failed: 0, isDuplicate: false, lagHint: "normal")
    private let gone = DeliveryOutcome.unreachable(TransportError(.cannotConnect, "no"))

    private func refused(_ status: Int, isProblem: Bool = true, retryAfter: Duration? = nil) -> DeliveryOutcome {
        .refused(status: status, title: "t", isProblem: isProblem, retryAfter: retryAfter)
    }

    @Test func acceptedBatchesAreDone() {
        var policy = DeliveryPolicy()
        #expect(policy.step(after: accepted, chance: 0) == .advance)
    }

    @Test func waitsDoubleUpToThirtySecondsAndNeverEnd() {
        var policy = DeliveryPolicy()
        var longest: [Duration] = []
        for _ in 0..<1000 {
            guard case .hold(let wait, .unreachable) = policy.step(after: gone, chance: .max) else {
                Issue.record("given up")
                return
            }
            longest.append(wait)
        }
        #expect(longest[0] > .milliseconds(99) && longest[0] <= .milliseconds(100))
        #expect(longest[1] > .milliseconds(199) && longest[1] <= .milliseconds(200))
        #expect(longest[8] > .seconds(25) && longest[8] <= .seconds(26))
        #expect(longest[9...].allSatisfy { $0 > .seconds(29) && $0 <= .seconds(30) })
        // Chance may make any of them short.
        #expect(policy.step(after: gone, chance: 0) == .hold(.milliseconds(10), .unreachable("no")))
        let untrusted = DeliveryOutcome.unreachable(TransportError(.tls, "expired"))
        #expect(policy.step(after: untrusted, chance: 0) == .hold(.milliseconds(10), .untrusted("expired")))
    }

    @Test func retryAfterIsObeyedWithinReason() {
        var policy = DeliveryPolicy()
        #expect(
            policy.step(after: refused(429, retryAfter: .seconds(7)), chance: 0)
                == .hold(.seconds(7), .busy(status: 429, title: "t")))
        #expect(
            policy.step(after: refused(503, retryAfter: .seconds(1_000_000)), chance: 0)
                == .hold(.seconds(600), .busy(status: 503, title: "t")))
    }

    @Test(arguments: [200, 204, 301, 401, 403, 404, 405, 415]) func otherAnswersHoldTheBatchForEver(_ status: Int) {
        var policy = DeliveryPolicy()
        for _ in 0..<100 {
            #expect(
                policy.step(after: refused(status), chance: 0)
                    == .hold(.milliseconds(10), .misdirected(status: status, title: "t")))
        }
    }

    @Test(arguments: [400, 413]) func onlyTheCollectorItselfCanRefuseABatch(_ status: Int) {
        var policy = DeliveryPolicy()
        for _ in 0..<10 {
            guard case .hold(_, .misdirected) = policy.step(after: refused(status, isProblem: false), chance: 0) else {
                Issue.record("a stranger's refusal counted")
                return
            }
        }
        for _ in 0..<2 {
            guard case .hold(_, .rejected) = policy.step(after: refused(status), chance: 0) else {
                Issue.record("put aside too early")
                return
            }
        }
        #expect(policy.step(after: refused(status), chance: 0) == .setAside(reason: "\(status) t"))
    }

    @Test func answersAreUnderstood() {
        func outcome(_ status: Int, _ body: String, _ headers: [(name: String, value: String)] = []) -> DeliveryOutcome
        {
            HTTPBatchTransport.outcome(of: HTTPResponse(status: status, headers: headers, body: Array(body.utf8)))
        }
        #expect(
            outcome(202, #"{"accepted":5,"failed":1,"duplicate":true,"lag_hint":"elevated","errors":[]}"#)
                == .accepted(events: 5, failed: 1, isDuplicate: true, lagHint: "elevated"))
        let problem = [(name: "content-type", value: "application/problem+json")]
        #expect(
            outcome(400, #"{"title":"Malformed","detail":"no batch","status":400}"#, problem)
                == .refused(status: 400, title: "Malformed: no batch", isProblem: true, retryAfter: nil))
        #expect(
            outcome(503, "busy", [("Retry-After", "3")])
                == .refused(
                    status: 503, title: "the answer is none of a collector", isProblem: false, retryAfter: .seconds(3)))
        for body in ["", "<html>", "{}", #"{"accepted":"x"}"#] {
            guard case .refused = outcome(202, body) else {
                Issue.record("`\(body)` counted as acceptance")
                continue
            }
        }
        guard case .refused = outcome(200, #"{"accepted":5}"#) else {
            Issue.record("200 counted as acceptance")
            return
        }
    }
}
