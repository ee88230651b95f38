/*
 * The least a server can do, in C: every byte back as it came. What the load generator reaches against this server is
 * its own ceiling, and that of the kernel between them. Speaks to the benchmark as servers/common.mjs does.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST = 1 << 20, EVENTS = 256 };

/* What its client has not taken yet; nothing is read from it meanwhile. */
struct connection {
  int fd;
  size_t start, end;
  uint8_t waiting[];
};

static int queue;

static void leave(struct connection *connection) {
  close(connection->fd);
  free(connection);
}

enum { GONE = -1, BLOCKED = 0, DONE = 1 };

static int write_waiting(struct connection *connection) {
  while (connection->start < connection->end) {
    size_t length = connection->end - connection->start;
    ssize_t taken = write(connection->fd, connection->waiting + connection->start, length);
    if (taken < 0) return errno == EAGAIN ? BLOCKED : GONE;
    connection->start += (size_t)taken;
  }
  return DONE;
}

static void echo(struct connection *connection) {
  for (;;) {
    int written = write_waiting(connection);
    if (written == BLOCKED) return;
    ssize_t length = written == GONE ? 0 : read(connection->fd, connection->waiting, MOST);
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) return leave(connection);
    connection->start = 0;
    connection->end = (size_t)length;
  }
}

static void accept_all(int listener) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = malloc(sizeof *connection + MOST);
    connection->fd = fd;
    connection->start = connection->end = 0;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
    epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event);
  }
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  queue = epoll_create1(0);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
  socklen_t size = sizeof address;
  bind(listener, (struct sockaddr *)&address, size);
  listen(listener, 4096);
  getsockname(listener, (struct sockaddr *)&address, &size);
  /* Two files that are no connections: the listener, and stdin, whose end is ours. */
  struct epoll_event events[EVENTS], accepting = {.events = EPOLLIN, .data.ptr = &listener};
  struct epoll_event ending = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(queue, EPOLL_CTL_ADD, listener, &accepting);
  epoll_ctl(queue, EPOLL_CTL_ADD, STDIN_FILENO, &ending);
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    int count = epoll_wait(queue, events, EVENTS, -1);
    for (int index = 0; index < count; index++) {
      void *what = events[index].data.ptr;
      if (what == NULL) return 0;
      if (what == &listener) accept_all(listener);
      else echo(what);
    }
  }
}
