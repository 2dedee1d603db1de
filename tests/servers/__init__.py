"""The real PostgreSQL and RabbitMQ that the integration tests run against."""
