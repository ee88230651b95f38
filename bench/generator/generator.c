/*
 * The load generator: one thread, epoll, raw sockets. It knows next to nothing of WebSocket: what it sends, and what
 * must come back, stands in a script (lib/script.ts writes it), so that nothing is framed, masked or compressed here.
 * Every frame that comes back is followed from header to header; until the measuring begins, each of its bytes is
 * compared too. generator.mjs does the same where there is no compiler.
 *
 *   generator <mode> --port P --script FILE [--connections N] [--inflight N] [--warmup S] [--seconds S] [--hosts N]
 *
 * Modes: echo       each connection keeps `inflight` messages under way
 *        fanout     connection 0 sends `inflight` messages at once; the next when everybody has received them all
 *        handshake  connections are opened, closed with the script's first message, and opened again
 *        hold       connections are opened, exchange `inflight` messages each, and stay until stdin ends
 *
 * Says, a line of JSON each: that all connections are open, that the measuring begins, the result.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* --- The script ------------------------------------------------------------------------------------------------- */

/* How answers are told apart. */
enum { FRAMES = 0, BYTES = 1, MARKS = 2 };
/* Answers are compressed: their length and content are not known here. */
enum { ANSWERS_VARY = 1 };

struct message {
  uint64_t start, end, answer_start, answer_end;
};

struct header {
  char magic[8];
  uint32_t prelude, cycle, counting, flags;
  uint64_t request_length, data_length;
};

static struct header *script;
static struct message *messages;
static const uint8_t *data;
static const uint8_t *request;

static void load(const char *path) {
  int file = open(path, O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) < 0) fail("%s: %s", path, strerror(errno));
  uint8_t *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (map == MAP_FAILED) fail("%s: %s", path, strerror(errno));
  close(file);
  script = (struct header *)map;
  if (memcmp(script->magic, "FWSCRIPT", 8) != 0) fail("%s: no script", path);
  messages = (struct message *)(map + sizeof *script);
  data = map + sizeof *script + (script->prelude + script->cycle) * sizeof *messages;
  request = data + script->data_length;
}

/* The prelude is sent once, then the cycle for ever. */
static inline uint32_t after(uint32_t index) {
  return index + 1 == script->prelude + script->cycle ? script->prelude : index + 1;
}

/* --- Connections ------------------------------------------------------------------------------------------------ */

enum state { CONNECTING, HEAD, OPEN, LEAVING };

struct connection {
  int fd;
  enum state state;
  uint32_t number;
  /* To be sent: how many messages, from which, and how far into that one. */
  uint32_t owed, next;
  uint64_t offset;
  /* Being received: which answer, how far into it, and what is left of the frame. */
  uint32_t answer;
  uint64_t got, left;
  uint8_t header[14], header_length;
  uint8_t fin, opcode;
  /* The head of the handshake's answer: its last four bytes. */
  uint32_t tail, head_length;
  char status[16];
  /* One message of those under way is timed. */
  uint64_t sent, received, timed, timed_at;
};

static struct connection *connections;
static uint32_t count = 64, inflight = 1, hosts = 1, opened;
static int port, queue;
static const char *mode;
static int verifying = 1;
static uint64_t completed;
static uint8_t input[1 << 20];

static void restart(struct connection *connection) {
  uint32_t number = connection->number;
  memset(connection, 0, sizeof *connection);
  connection->number = number;
  connection->timed = UINT64_MAX;
  connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (connection->fd < 0) fail("socket: %s (connection %u)", strerror(errno), number);
  int on = 1;
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  static uint32_t turn;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn++ % hosts);
  if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
    fail("connect: %s (connection %u)", strerror(errno), number);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
  if (epoll_ctl(queue, EPOLL_CTL_ADD, connection->fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
}

/* --- Sending ---------------------------------------------------------------------------------------------------- */

/* Sends what is owed, as much as the kernel takes: messages that stand behind each other leave in one call. */
static void send_owed(struct connection *connection, uint64_t now) {
  while (connection->owed > 0) {
    struct iovec parts[2];
    int part = 0;
    uint32_t last = script->prelude + script->cycle;
    uint32_t from = connection->next, left = connection->owed;
    uint64_t offset = connection->offset;
    for (; part < 2 && left > 0; part++) {
      uint32_t run = last - from < left ? last - from : left;
      parts[part].iov_base = (void *)(data + messages[from].start + offset);
      parts[part].iov_len = messages[from + run - 1].end - messages[from].start - offset;
      left -= run;
      from = script->prelude;
      offset = 0;
    }
    if (connection->timed == UINT64_MAX) {
      connection->timed = connection->sent;
      connection->timed_at = now;
    }
    ssize_t taken = writev(connection->fd, parts, part);
    if (taken < 0) {
      if (errno == EAGAIN) return;
      fail("write: %s (connection %u)", strerror(errno), connection->number);
    }
    for (uint64_t rest = (uint64_t)taken; rest > 0;) {
      struct message *message = &messages[connection->next];
      uint64_t length = message->end - message->start - connection->offset;
      if (rest < length) {
        connection->offset += rest;
        break;
      }
      rest -= length;
      connection->offset = 0;
      connection->next = after(connection->next);
      connection->owed--;
      connection->sent++;
    }
  }
}

/* --- Latencies: a histogram with 32 steps for each power of two ------------------------------------------------ */

static uint64_t latencies[64 * 32], timed_count;

static uint32_t step_of(uint64_t value) {
  uint32_t power = 63 - (uint32_t)__builtin_clzll(value | 32);
  return (power - 5) * 32 + (uint32_t)(value >> (power - 5));
}

static double lower_end(uint32_t step) {
  if (step < 64) return step;
  uint32_t power = step / 32 - 1;
  return (double)((uint64_t)(step - power * 32) << power);
}

static void record(uint64_t nanoseconds) {
  if (verifying) return;
  latencies[step_of(nanoseconds)]++;
  timed_count++;
}

static double quantile(double part) {
  uint64_t wanted = (uint64_t)(part * (double)timed_count), seen = 0;
  for (uint32_t step = 0; step < 64 * 32; step++) {
    seen += latencies[step];
    if (seen > wanted) return lower_end(step) / 1000;
  }
  return 0;
}

/* --- Receiving -------------------------------------------------------------------------------------------------- */

static void answered(struct connection *connection) {
  struct message *message = &messages[connection->answer];
  if (!(script->flags & ANSWERS_VARY) && connection->got != message->answer_end - message->answer_start)
    fail("an answer of %llu bytes, not %llu", (unsigned long long)connection->got,
         (unsigned long long)(message->answer_end - message->answer_start));
  connection->got = 0;
  connection->answer = after(connection->answer);
  connection->received++;
  completed++;
}

static void compare(struct connection *connection, const uint8_t *bytes, uint64_t length) {
  struct message *message = &messages[connection->answer];
  uint64_t expected = message->answer_end - message->answer_start;
  if (connection->got + length > expected) fail("an answer longer than the message");
  if (memcmp(bytes, data + message->answer_start + connection->got, length) != 0)
    fail("an answer that is not the message (from byte %llu on)", (unsigned long long)connection->got);
}

static void payload(struct connection *connection, const uint8_t *bytes, uint64_t length) {
  if (verifying && connection->opcode < 8 && !(script->flags & ANSWERS_VARY)) compare(connection, bytes, length);
  connection->left -= length;
  if (connection->opcode < 8) connection->got += length;
}

static void frame_ended(struct connection *connection) {
  connection->header_length = 0;
  if (connection->opcode < 8 && connection->fin) answered(connection);
}

/* The length of a header that begins with these bytes; 0 if it takes more of them to know. */
static inline uint32_t header_size(const uint8_t *bytes, uint64_t available) {
  if (available < 2) return 0;
  return bytes[1] < 126 ? 2 : bytes[1] == 126 ? 4 : 10;
}

static void begin_frame(struct connection *connection, const uint8_t *bytes) {
  connection->fin = bytes[0] >> 7;
  connection->opcode = bytes[0] & 15;
  uint8_t length = bytes[1];
  if (length > 127 || (bytes[0] & 0x30) != 0) fail("a frame that no server may send: %02x %02x", bytes[0], bytes[1]);
  if (connection->opcode == 8 && connection->state == OPEN) fail("the server closed a connection");
  connection->left = length;
  if (length == 126) connection->left = (uint64_t)bytes[2] << 8 | bytes[3];
  if (length == 127) {
    connection->left = 0;
    for (int index = 2; index < 10; index++) connection->left = connection->left << 8 | bytes[index];
  }
}

static void receive_frames(struct connection *connection, const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    if (connection->left > 0) {
      uint64_t length = (uint64_t)(end - at) < connection->left ? (uint64_t)(end - at) : connection->left;
      payload(connection, at, length);
      at += length;
    } else if (connection->header_length == 0 && header_size(at, (uint64_t)(end - at)) - 1u < (uint64_t)(end - at)) {
      uint32_t size = header_size(at, (uint64_t)(end - at));
      begin_frame(connection, at);
      at += size;
    } else {
      /* A header that the chunk's end tore. */
      connection->header[connection->header_length++] = *at++;
      if (header_size(connection->header, connection->header_length) != connection->header_length) continue;
      begin_frame(connection, connection->header);
    }
    if (connection->left == 0) frame_ended(connection);
  }
}

static void receive_bytes(struct connection *connection, const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    struct message *message = &messages[connection->answer];
    uint64_t left = message->answer_end - message->answer_start - connection->got;
    uint64_t length = (uint64_t)(end - at) < left ? (uint64_t)(end - at) : left;
    if (verifying) compare(connection, at, length);
    connection->got += length;
    at += length;
    if (length == left) answered(connection);
  }
}

/* An event stream: each event has one '!', and nothing else has. */
static void receive_marks(struct connection *connection, const uint8_t *at, const uint8_t *end) {
  if (connection->number == 0) return;
  while (at < end && (at = memchr(at, '!', (size_t)(end - at))) != NULL) {
    at++;
    connection->received++;
    completed++;
  }
}

static void ready(struct connection *connection, uint64_t now) {
  connection->state = OPEN;
  opened++;
  if (strcmp(mode, "handshake") != 0) return;
  /* Timed from its connect on: send_owed starts no clock. */
  connection->timed = 0;
  connection->owed = 1;
  send_owed(connection, now);
  connection->state = LEAVING;
}

/* Returns where the head of the handshake's answer ends, or `end`. */
static const uint8_t *receive_head(struct connection *connection, const uint8_t *at, const uint8_t *end, uint64_t now) {
  while (at < end) {
    if (connection->head_length < sizeof connection->status - 1)
      connection->status[connection->head_length] = (char)*at;
    connection->head_length++;
    connection->tail = connection->tail << 8 | *at++;
    if (connection->tail != 0x0d0a0d0a) continue;
    if (strncmp(connection->status, "HTTP/1.1 101", 12) != 0 && strncmp(connection->status, "HTTP/1.1 200", 12) != 0)
      fail("the server answered: %s", connection->status);
    ready(connection, now);
    return at;
  }
  return end;
}

static void left_cleanly(struct connection *connection, uint64_t now) {
  if (connection->opcode != 8) fail("the server left without a Close frame");
  record(now - connection->timed_at);
  close(connection->fd);
  completed++;
  restart(connection);
}

/* `ends`: the server has ended its side, which is told once, and read behind the last byte. */
static void receive(struct connection *connection, int ends) {
  for (;;) {
    ssize_t length = read(connection->fd, input, sizeof input);
    uint64_t now = now_ns();
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0 && connection->state == LEAVING) return left_cleanly(connection, now);
    if (length <= 0) fail("the server left: %s (connection %u)", length < 0 ? strerror(errno) : "end", connection->number);
    const uint8_t *at = input, *end = input + length;
    uint64_t before = connection->received;
    if (connection->state == HEAD) at = receive_head(connection, at, end, now);
    if (script->counting == FRAMES) receive_frames(connection, at, end);
    else if (script->counting == BYTES) receive_bytes(connection, at, end);
    else receive_marks(connection, at, end);
    if (strcmp(mode, "echo") == 0 && connection->received > before) {
      if (connection->received > connection->timed) {
        record(now - connection->timed_at);
        connection->timed = UINT64_MAX;
      }
      connection->owed += (uint32_t)(connection->received - before);
      send_owed(connection, now);
    }
    /* A short read means that there is no more: edge-triggered, the next byte will be told. */
    if ((size_t)length < sizeof input && !ends) return;
  }
}

static void happened(struct connection *connection, uint32_t events) {
  if (connection->state == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) fail("connect: %s (connection %u)", strerror(error), connection->number);
    if (!(events & EPOLLOUT)) return;
    connection->timed_at = now_ns();
    int asks = script->request_length > 0 && !(script->counting == MARKS && connection->number == 0);
    connection->state = HEAD;
    if (!asks) ready(connection, 0);
    else if (write(connection->fd, request, script->request_length) != (ssize_t)script->request_length)
      fail("write: %s (connection %u)", strerror(errno), connection->number);
    return;
  }
  if (connection->owed > 0 && (events & EPOLLOUT)) send_owed(connection, now_ns());
  int ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (ends || (events & EPOLLIN)) receive(connection, ends);
}

static void poll_once(void) {
  struct epoll_event events[512];
  int ready_count = epoll_wait(queue, events, 512, 10);
  for (int index = 0; index < ready_count; index++) happened(events[index].data.ptr, events[index].events);
}

/* --- The modes -------------------------------------------------------------------------------------------------- */

/* So many handshakes at a time: a server's backlog has room for them. */
enum { OPENING_AT_ONCE = 128 };

static void open_all(void) {
  for (uint32_t begun = 0; opened < count;) {
    while (begun < count && begun - opened < OPENING_AT_ONCE) restart(&connections[begun++]);
    poll_once();
  }
  printf("{\"event\":\"open\",\"connections\":%u}\n", count);
  fflush(stdout);
}

/* Everybody is to receive what connection 0 sends. */
static uint64_t expected, published_at;

static void publish_when_due(void) {
  if (completed < expected) return;
  uint64_t now = now_ns();
  if (expected > 0) record(now - published_at);
  expected += (uint64_t)inflight * (script->counting == MARKS ? count - 1 : count);
  connections[0].owed += inflight;
  published_at = now;
  send_owed(&connections[0], now);
}

/* A server may have accepted a connection that it has not noted yet: time for that. */
static const uint64_t SETTLING = 300000000;
/* A server from which nothing comes for so long has lost a message. */
static const uint64_t PATIENCE = 20000000000;

/* A measurement begins and ends with an answer, in a fan-out the last: what is under way at the ends is the same. */
static void run_until(uint64_t time) {
  int fanout = strcmp(mode, "fanout") == 0;
  uint64_t before = completed, last = completed, last_at = now_ns(), now;
  while ((now = now_ns()) < time || completed == before || completed < expected) {
    if (fanout) publish_when_due();
    poll_once();
    if (completed != last) last = completed, last_at = now;
    else if (now - last_at > PATIENCE) fail("nothing has come for %llu s", (unsigned long long)(PATIENCE / 1000000000));
  }
}

static void measure(double warmup, double seconds) {
  for (uint64_t start = now_ns(); strcmp(mode, "fanout") == 0 && now_ns() - start < SETTLING;) poll_once();
  if (strcmp(mode, "echo") == 0) {
    for (uint32_t index = 0; index < count; index++) {
      connections[index].owed = inflight;
      send_owed(&connections[index], now_ns());
    }
  }
  run_until(now_ns() + (uint64_t)(warmup * 1e9));
  verifying = 0;
  uint64_t start = now_ns(), before = completed;
  puts("{\"event\":\"measure\"}");
  fflush(stdout);
  run_until(start + (uint64_t)(seconds * 1e9));
  double took = (double)(now_ns() - start) / 1e9;
  printf("{\"event\":\"done\",\"messages\":%llu,\"seconds\":%.6f,\"p50\":%.1f,\"p99\":%.1f}\n",
         (unsigned long long)(completed - before), took, quantile(0.5), quantile(0.99));
  fflush(stdout);
}

static void hold(void) {
  for (uint32_t index = 0; inflight > 0 && index < count; index++) {
    connections[index].owed = inflight;
    send_owed(&connections[index], now_ns());
  }
  while (completed < (uint64_t)inflight * count) poll_once();
  puts("{\"event\":\"holding\"}");
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) continue;
}

int main(int argc, char **argv) {
  double warmup = 0.5, seconds = 1;
  signal(SIGPIPE, SIG_IGN);
  mode = argc > 1 ? argv[1] : "";
  for (int index = 2; index + 1 < argc; index += 2) {
    const char *name = argv[index], *value = argv[index + 1];
    if (strcmp(name, "--port") == 0) port = atoi(value);
    else if (strcmp(name, "--script") == 0) load(value);
    else if (strcmp(name, "--connections") == 0) count = (uint32_t)atoi(value);
    else if (strcmp(name, "--inflight") == 0) inflight = (uint32_t)atoi(value);
    else if (strcmp(name, "--warmup") == 0) warmup = atof(value);
    else if (strcmp(name, "--seconds") == 0) seconds = atof(value);
    else if (strcmp(name, "--hosts") == 0) hosts = (uint32_t)atoi(value);
    else fail("%s: no such option", name);
  }
  if (script == NULL || port == 0) fail("--script and --port are needed");
  queue = epoll_create1(0);
  connections = calloc(count, sizeof *connections);
  for (uint32_t index = 0; index < count; index++) connections[index].number = index;
  if (strcmp(mode, "handshake") == 0) {
    for (uint32_t index = 0; index < count; index++) restart(&connections[index]);
    measure(warmup, seconds);
    return 0;
  }
  open_all();
  if (strcmp(mode, "hold") == 0) hold();
  else measure(warmup, seconds);
  return 0;
}
