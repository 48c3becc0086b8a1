"""What stands under the tables of doc/benchmarks.md: the limit behind each number that matters, and what would lift it."""

LIMITS = """**Start.** Services are imported and made when they are first asked for, or at the start if they have a state, so
what is left is what every answer needs: of the processor time until the first one about a quarter is botocore, werkzeug
and moto's core (without boto3, responses and the mocks, which it would load too), a sixth the broker, a tenth the
evaluation of policies, a twentieth the certificates; making and starting the cloud takes 15 ms, the first answer 27 ms.
Across all packages an eighth of it is making dataclasses and another compiling regular expressions. Services that come
later cost their import then: 10 to 150 ms of processor time each, IoT and those with large models up to 500 (on a busy machine); asking all
of 21 services once costs no more than it did when everything was loaded at the start. What would lift it: classes
without generated code on the way to the first answer, and a router of our own instead of werkzeug's.

**Memory.** The same modules. A cloud that has answered all 21 services holds as much as before: models of services are
most of it.

**DynamoDB over HTTP.** Of a PutItem's processor time about a third is moto's own checks and its item, a sixth werkzeug's
request object and the routing, and the rest sockets and the way from the event loop to a thread and back. That way
keeps a slow answer (a function that runs) from holding up others. With a state folder each request is one SQLite
transaction, a quarter more. What would lift it: a request object of our own for services that are ours, and answering
reads in the loop's thread.

**MQTT.** Inside the broker, without TLS, a QoS 1 message that nobody subscribes to takes 7 µs (it was 14), a subscriber's
copy and its acknowledgement 4 µs more: counters once a loop's turn, texts of the trace put together when they are read,
the policies' decision remembered for each topic of a connection. Mosquitto is given `set_tcp_nodelay`. Processor time a
message is the steady figure here; rates depend on how many cores the load generator leaves. What would lift it: the
loop over the packets in a compiled extension.

**Rule → DynamoDB.** The messages of one turn of the broker's loop go through the rules together, and as long as nothing
waits, their items are put before the acknowledgement, in the broker's thread: no queue, no second thread, no row that
remembers the message for a crash. Of a message's processor time (profiled inside a running cloud) JSON and the statement
take about a fifth, planning and what the trace and the counters hear of it a fifth, the item with DynamoDB's checks a
fifth, MQTT over TLS with trace and acknowledgement a sixth, the row in the log and later in SQLite a seventh, the role's
decision (remembered until IAM changes) a twentieth. A loop over one of these parts alone runs twice as fast as the same
part on the whole way: it is the many small steps that cost, not one of them. Ministack neither asks the role nor writes
a trace, nor keeps anything on disk. Ten times its rate would leave some 20 µs for a message, which the packet, the
trace, the statement and the row alone take in Python. What would lift it: rule and action compiled into one function
instead of dozens of calls, an item store of our own under moto's API, packets and rows in a compiled extension; for
more messages a second, a process of its own for the broker. Rules with other actions still pass through the rules' own
thread, which shares the interpreter's lock with the broker. Memory grows with what the messages store, not with the
messages: traces, pending work and counters are bounded, and clients wait while the rules are far behind.

**Timestream.** Of a record's 9 µs, as rules write it, the checks of its text are about 30 %, versions and times 25 %,
handing its values to DuckDB 30 % (its Python interface takes lists value by value; names, dimensions and versions go
once a flush, not once a record), and the journal that is on disk before the answer 5 %. What a device's records have in
common is checked once and shared. Over HTTP, JSON and the front add about 4 µs. Of "a minute's aggregate over
10⁶ rows" the table has both readings: the average of one minute, which is the one that the goal is taken for, and
one-minute averages of an hour. What would lift it: columns handed to DuckDB as arrays (NumPy or Arrow, which the kit
does without), and sorting rows by time when they are flushed, so that DuckDB skips what a query does not cover."""
