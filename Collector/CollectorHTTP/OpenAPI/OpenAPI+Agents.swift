extension OpenAPI {
    static let agentsPaths =
        path(
            "/v1/heartbeat",
            Operation(
                method: "post", summary: "takes what an agent says of itself", body: json("Heartbeat"),
                schema: "HeartbeatAnswer", refusals: [413, 415]))
        + path(
            "/v1/agents",
            Operation(method: "get", summary: "agents, and what they could not deliver", schema: "Agents"))
        + path(
            "/v1/agents/{name}",
            Operation(
                method: "get", summary: "all that one agent has said of itself", parameters: ["name"],
                schema: "AgentReport", refusals: [404]),
            Operation(
                method: "delete", summary: "says that nothing is awaited of an agent any more", parameters: ["name"],
                status: 204, type: nil, refusals: [404]))

    static let agentsSchemas = """
            Interval:
              type: object
              required: [from, to]
              properties:
                from: {type: string, format: time, nullable: true}
                to: {type: string, format: time, nullable: true}
            Completeness:
              type: object
              required: [complete, asked, complete_over, reasons]
              properties:
                complete: {type: boolean}
                asked:
                  type: object
                  nullable: true
                  required: [from, to]
                  properties:
                    from: {type: string, format: time, nullable: true}
                    to: {type: string, format: time, nullable: true}
                complete_over:
                  type: array
                  items: {$ref: '#/components/schemas/Interval'}
                reasons:
                  type: array
                  items:
                    type: object
                    required: [kind, from, to]
                    properties:
                      kind: {type: string, enum: [not_arrived, dropped, skipped, unavailable]}
                      from: {type: string, format: time, nullable: true}
                      to: {type: string, format: time, nullable: true}
                      agent: {type: string}
                      behind_ms: {type: integer}
                      last_seen: {type: string, format: time}
                      silent: {type: boolean}
                      gap: {type: string}
                      of: {type: string, enum: [dead_letters, journal]}
                      source: {type: string}
                      events: {type: integer}
                      records: {type: integer}
                      bytes: {type: integer}
                      approximate: {type: boolean}
                      level: {type: string}
                      limit: {type: string}
                      advice: {type: string}
                      segment: {type: string, nullable: true}
                      tier: {type: string, nullable: true}
                      cause: {type: string}
                unnamed_reasons: {type: integer}
            Heartbeat:
              type: object
              required: [agent, epoch]
              properties:
                agent: {type: string}
                epoch: {type: integer}
                version: {type: string}
                oldest_unacknowledged: {type: string, format: time, nullable: true}
                spooled_bytes: {type: integer}
                leaving: {type: boolean}
                status: {type: object}
                drops:
                  type: array
                  items:
                    type: object
                    required: [number, events, level, reason, from, to]
                    properties:
                      number: {type: integer}
                      events: {type: integer}
                      level: {type: string}
                      reason: {type: string}
                      from: {type: string, format: time}
                      to: {type: string, format: time}
                      bytes: {type: integer}
                      source: {type: string}
            HeartbeatAnswer:
              type: object
              required: [drops_acknowledged]
              properties:
                drops_acknowledged: {type: integer}
            Agent:
              type: object
              required: [agent, state, behind_ms, last_seen, newest_event, oldest_unacknowledged, spooled_bytes]
              properties:
                agent: {type: string}
                state: {type: string, enum: [well, behind, silent]}
                behind_ms: {type: integer}
                last_seen: {type: string, format: time}
                newest_event: {type: string, format: time, nullable: true}
                oldest_unacknowledged: {type: string, format: time, nullable: true}
                spooled_bytes: {type: integer}
                epoch: {type: integer}
                version: {type: string}
            AgentGap:
              type: object
              required: [gap, agent, events, level, cause, from, to, reported]
              properties:
                gap: {type: string}
                agent: {type: string}
                events: {type: integer}
                level: {type: string}
                cause: {type: string}
                bytes: {type: integer}
                source: {type: string}
                from: {type: string, format: time}
                to: {type: string, format: time}
                reported: {type: string, format: time}
            AgentReport:
              type: object
              required: [agent, gaps, status]
              properties:
                agent: {$ref: '#/components/schemas/Agent'}
                gaps:
                  type: array
                  items: {$ref: '#/components/schemas/AgentGap'}
                status: {type: object, nullable: true}
            Agents:
              type: object
              required: [agents, gaps, collector_gaps, refused_contacts, forgotten_gaps, joined_gaps]
              properties:
                agents:
                  type: array
                  items: {$ref: '#/components/schemas/Agent'}
                gaps:
                  type: array
                  items: {$ref: '#/components/schemas/AgentGap'}
                collector_gaps:
                  type: array
                  items:
                    type: object
                    required: [gap, of, cause, approximate, from, to, reported]
                    properties:
                      gap: {type: string}
                      of: {type: string, enum: [dead_letters, journal]}
                      cause: {type: string}
                      approximate: {type: boolean}
                      agent: {type: string}
                      source: {type: string}
                      events: {type: integer}
                      records: {type: integer}
                      bytes: {type: integer}
                      from: {type: string, format: time, nullable: true}
                      to: {type: string, format: time, nullable: true}
                      reported: {type: string, format: time}
                refused_contacts: {type: integer}
                forgotten_gaps: {type: integer}
                joined_gaps: {type: integer}

        """
}
