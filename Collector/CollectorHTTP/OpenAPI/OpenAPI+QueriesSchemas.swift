extension OpenAPI {
    static let queriesSchemas = """
            RunningQuery:
              type: object
              required: [id, state, user, route, query, arrived, waited_ms, running_ms, timeout]
              properties:
                id: {type: string}
                state: {type: string, enum: [waiting, running, ending]}
                user: {type: string}
                route: {type: string}
                query: {type: string}
                request_id: {type: string, description: the header X-Request-ID of the request}
                arrived: {type: string, format: time}
                waited_ms: {type: integer}
                running_ms: {type: integer, nullable: true}
                timeout: {type: string, format: duration}
                estimated_rows: {type: integer}
                blocks: {type: integer}
                blocks_done: {type: integer}
                rows: {type: integer}
                bytes: {type: integer}
                memory_bytes: {type: integer}
                memory_limit_bytes: {type: integer}
            Queries:
              type: object
              required: [queries, shapes, memory_bytes, memory_limit_bytes]
              properties:
                queries:
                  type: array
                  items: {$ref: '#/components/schemas/RunningQuery'}
                shapes:
                  type: array
                  items:
                    type: object
                    required: [id, shape, state, seconds_left]
                    properties:
                      id: {type: string}
                      shape: {type: string}
                      state: {type: string}
                      seconds_left: {type: integer, nullable: true}
                memory_bytes: {type: integer}
                memory_limit_bytes: {type: integer}
            KilledQuery:
              type: object
              required: [killed]
              properties:
                killed: {$ref: '#/components/schemas/RunningQuery'}

        """
}
