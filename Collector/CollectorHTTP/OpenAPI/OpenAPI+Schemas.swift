extension OpenAPI {
    static let schemas = """
          schemas:
            Problem:
              type: object
              required: [type, title, status, detail]
              additionalProperties: true
              properties:
                type: {type: string}
                title: {type: string}
                status: {type: integer}
                detail: {type: string}
            Count: {type: integer, minimum: 0}
            Text: {type: string}
            Texts:
              type: array
              items: {type: string}
            Counts:
              type: array
              items: {type: integer}
            Receipt:
              type: object
              required: [accepted, failed, duplicate, lag_hint, errors]
              properties:
                accepted: {type: integer}
                failed: {type: integer}
                duplicate: {type: boolean}
                lag_hint: {type: string, enum: [normal, elevated, critical]}
                errors:
                  type: array
                  items:
                    type: object
                    required: [index, reason]
                    properties:
                      index: {type: integer}
                      reason: {type: string}
            IngestRequest:
              type: object
              required: [logs]
              additionalProperties: true
              properties:
                source: {type: object, additionalProperties: true}
                logs:
                  type: array
                  items: {type: object, additionalProperties: true}
            TimeRange:
              type: object
              properties:
                from: {type: string, format: time}
                to: {type: string, format: time}
            Filters:
              type: object
              description: for each field its value, or a list of values; meta.NAME for a field of meta
              additionalProperties: true
            SearchRequest:
              type: object
              properties:
                query: {type: string, format: logsql}
                filters: {$ref: '#/components/schemas/Filters'}
                time_range: {$ref: '#/components/schemas/TimeRange'}
                timeout: {type: string, format: duration}
                sort: {type: string, enum: [asc, desc]}
                limit: {type: integer, minimum: 0, maximum: 1000000, description: 10000 at most unless it streams}
                cursor: {type: string, format: cursor}
                stream: {type: boolean}
            AggregateRequest:
              type: object
              properties:
                query: {type: string, format: logsql}
                filters: {$ref: '#/components/schemas/Filters'}
                time_range: {$ref: '#/components/schemas/TimeRange'}
                timeout: {type: string, format: duration}
                group_by: {$ref: '#/components/schemas/Texts'}
                interval: {type: string, format: duration}
                metric:
                  description: count, sum(f), avg(f), min(f), max(f), uniq(f), quantile(0.99, f), or a list of these
                empty_buckets: {type: boolean}
                stream: {type: boolean}
            Log:
              type: object
              required: [ts, meta]
              properties:
                ts: {type: string}
                level: {type: string}
                msg: {type: string}
                service: {type: string}
                host: {type: string}
                environment: {type: string}
                region: {type: string}
                meta: {$ref: '#/components/schemas/Fields'}
            Fields:
              type: object
              additionalProperties: true
            SearchAnswer:
              type: object
              required: [hits, scanned, took_ms, complete, completeness, logs, next_cursor]
              properties:
                hits: {type: integer}
                scanned: {type: integer}
                took_ms: {type: integer}
                complete: {type: boolean}
                incomplete: {$ref: '#/components/schemas/Texts'}
                completeness: {$ref: '#/components/schemas/Completeness'}
                logs:
                  type: array
                  items: {$ref: '#/components/schemas/Log'}
                next_cursor: {type: string, nullable: true}
            AggregateAnswer:
              type: object
              required: [scanned, took_ms, complete, completeness, buckets]
              properties:
                scanned: {type: integer}
                took_ms: {type: integer}
                complete: {type: boolean}
                incomplete: {$ref: '#/components/schemas/Texts'}
                completeness: {$ref: '#/components/schemas/Completeness'}
                buckets:
                  type: array
                  items:
                    type: object
                    required: [group, count]
                    properties:
                      ts: {type: string}
                      group: {$ref: '#/components/schemas/Fields'}
                      count: {type: integer}
                      values: {$ref: '#/components/schemas/Fields'}

        """ + selectSchemas + streamSchemas + plainSchemas + queriesSchemas + agentsSchemas + stateSchemas

    private static let selectSchemas = """
            Hits:
              type: object
              required: [hits]
              properties:
                hits:
                  type: array
                  items:
                    type: object
                    required: [fields, timestamps, values, total]
                    properties:
                      fields: {$ref: '#/components/schemas/Fields'}
                      timestamps: {$ref: '#/components/schemas/Texts'}
                      values: {$ref: '#/components/schemas/Counts'}
                      total: {type: integer}
            Facets:
              type: object
              required: [facets]
              properties:
                facets:
                  type: array
                  items:
                    type: object
                    required: [field_name, values]
                    properties:
                      field_name: {type: string}
                      values:
                        type: array
                        items:
                          type: object
                          required: [field_value, hits]
                          properties:
                            field_value: {type: string}
                            hits: {type: integer}
            ValuesWithHits:
              type: object
              required: [values]
              properties:
                values:
                  type: array
                  items:
                    type: object
                    required: [value, hits]
                    properties:
                      value: {type: string}
                      hits: {type: integer}
            Vector:
              type: object
              required: [status, data]
              properties:
                status: {type: string, enum: [success]}
                data:
                  type: object
                  required: [resultType, result]
                  properties:
                    resultType: {type: string, enum: [vector]}
                    result:
                      type: array
                      items:
                        type: object
                        required: [metric, value]
                        properties:
                          metric: {$ref: '#/components/schemas/Fields'}
                          value: {type: array}
            Matrix:
              type: object
              required: [status, data]
              properties:
                status: {type: string, enum: [success]}
                data:
                  type: object
                  required: [resultType, result]
                  properties:
                    resultType: {type: string, enum: [matrix]}
                    result:
                      type: array
                      items:
                        type: object
                        required: [metric, values]
                        properties:
                          metric: {$ref: '#/components/schemas/Fields'}
                          values:
                            type: array
                            items: {type: array}

        """

    private static let plainSchemas = """
            PlainEvent:
              type: object
              required: [message]
              description: other members become fields of the event
              additionalProperties: true
              properties:
                message: {type: string}
                level: {type: string}
                source: {type: string}
                timestamp: {type: string}
                metadata: {$ref: '#/components/schemas/Fields'}
            PlainEvents:
              type: array
              items: {$ref: '#/components/schemas/PlainEvent'}
            PlainLog:
              type: object
              required: [timestamp, metadata]
              properties:
                timestamp: {type: string}
                level: {type: string}
                message: {type: string}
                source: {type: string}
                metadata: {$ref: '#/components/schemas/Fields'}
            PlainPage:
              type: object
              required: [total, scanned, took_ms, complete, completeness, logs, next_cursor]
              properties:
                total: {type: integer}
                scanned: {type: integer}
                took_ms: {type: integer}
                complete: {type: boolean}
                incomplete: {$ref: '#/components/schemas/Texts'}
                completeness: {$ref: '#/components/schemas/Completeness'}
                logs:
                  type: array
                  items: {$ref: '#/components/schemas/PlainLog'}
                next_cursor: {type: string, nullable: true}
            PlainStatistics:
              type: object
              required: [total, scanned, took_ms, complete, completeness, levels, sources]
              properties:
                total: {type: integer}
                scanned: {type: integer}
                took_ms: {type: integer}
                complete: {type: boolean}
                incomplete: {$ref: '#/components/schemas/Texts'}
                completeness: {$ref: '#/components/schemas/Completeness'}
                levels: {$ref: '#/components/schemas/Fields'}
                sources:
                  type: array
                  items:
                    type: object
                    required: [source, count]
                    properties:
                      source: {type: string}
                      count: {type: integer}

        """
}
