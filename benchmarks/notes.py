"""What stands under the tables of doc/benchmarks.md: the limit behind each number that matters, and what would lift it."""

LIMITS = """**Start.** Importing takes over nine tenths of the processor time until the first answer: about 30 % moto's
core with boto3, requests and its mocks, 15 % Athena (sqlglot, Glue's models), 9 % Timestream, the rest many small
packages. Making and starting the cloud and answering first takes a tenth. Ministack imports a service when it is
first asked for. What would lift it: importing Athena, Timestream, Firehose and CloudFormation at their first request,
and their SQL translators at their first query; moto's own 0.4 s of processor time stays.

**Memory.** The same modules; each that comes later lowers the idle figure too.

**DynamoDB over HTTP.** Of a PutItem's processor time about a third is moto's own checks and its item, a sixth werkzeug's
request object and the routing, and the rest sockets and the way from the event loop to a thread and back. That way
keeps a slow answer (a function that runs) from holding up others. With a state folder each request is one SQLite
transaction, a quarter more. What would lift it: a request object of our own for services that are ours, and answering
reads in the loop's thread.

**MQTT.** What a QoS 1 message costs the broker beyond mosquitto's 14 µs is what mosquitto does not do: a trace with its
steps, CloudWatch's counters, the policies' decision (cached), and Python. Processor time a message is the steady
figure here; rates depend on how many cores the load generator leaves. What would lift it: counting metrics once a
loop's turn instead of once a message, and tracing into a ring of fixed size.

**Rule → DynamoDB.** Ten times ministack's rate is out of reach of one Python process that does what AWS does: ministack
spends 0.2 to 0.45 ms on a message and neither asks the role nor writes a trace, nor keeps anything on disk. The local
cloud spends about 0.2 ms: SQL and planning 50 µs, the role's trust and policies 15 µs, PutItem with DynamoDB's checks
45 µs, trace and counters 20 µs, MQTT over TLS 20 µs, and the row on disk before the acknowledgement. The broker and the
rules' thread share one interpreter lock; since Python's switch interval is 1 ms, they hinder each other half as much
as before. What would lift it: an item store of our own instead of moto's typed objects, compiled policies per rule,
one transaction for the messages of several turns, and an interpreter without the lock.

**Timestream.** Reading a request of 100 records, its checks and series, and the journal that is on disk before the
answer take 1.5 ms; JSON and HTTP add 0.4 ms. Of "a minute's aggregate over 10⁶ rows" the table has both readings: the average
of one minute, which is the one that the goal is taken for, and one-minute averages of an hour. What would lift it:
checking columns instead of records, as the store's write-behind columns already do; sorting rows by time when they
are flushed, so that DuckDB skips what a query does not cover."""
