#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/// A call's result, or -errno.
#define PL_RESULT(call)                     \
  do {                                      \
    __typeof__(call) pl_result = (call);    \
    return pl_result < 0 ? -errno : pl_result; \
  } while (0)

static socklen_t pl_to_sockaddr(const struct pl_address *address,
                                       struct sockaddr_storage *storage) {
  memset(storage, 0, sizeof *storage);
  if (address->family == AF_INET) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
    v4->sin_family = AF_INET;
    v4->sin_port = address->port;
    memcpy(&v4->sin_addr, address->bytes, 4);
    return sizeof *v4;
  }
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = address->port;
  memcpy(&v6->sin6_addr, address->bytes, 16);
  return sizeof *v6;
}

static void pl_from_sockaddr(const struct sockaddr_storage *storage,
                                    struct pl_address *address) {
  memset(address, 0, sizeof *address);
  address->family = storage->ss_family;
  if (storage->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)storage;
    address->port = v4->sin_port;
    memcpy(address->bytes, &v4->sin_addr, 4);
  } else if (storage->ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)storage;
    address->port = v6->sin6_port;
    memcpy(address->bytes, &v6->sin6_addr, 16);
  }
}

// Sockets

int pl_tcp_socket(int family) {
  PL_RESULT(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
}

int pl_udp_socket(int family) {
  PL_RESULT(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
}

int pl_unix_stream_socket(void) {
  PL_RESULT(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

int pl_unix_connect(int fd, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
  memcpy(address.sun_path, path, length);
  PL_RESULT(connect(fd, (struct sockaddr *)&address, sizeof address));
}

int pl_bind(int fd, const struct pl_address *address) {
  struct sockaddr_storage storage;
  socklen_t length = pl_to_sockaddr(address, &storage);
  PL_RESULT(bind(fd, (struct sockaddr *)&storage, length));
}

int pl_listen(int fd, int backlog) { PL_RESULT(listen(fd, backlog)); }

int pl_connect(int fd, const struct pl_address *address) {
  struct sockaddr_storage storage;
  socklen_t length = pl_to_sockaddr(address, &storage);
  PL_RESULT(connect(fd, (struct sockaddr *)&storage, length));
}

int pl_accept(int fd, struct pl_address *peer) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  int result = accept4(fd, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (result < 0) return -errno;
  pl_from_sockaddr(&storage, peer);
  return result;
}

int pl_local_address(int fd, struct pl_address *address) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  if (getsockname(fd, (struct sockaddr *)&storage, &length) < 0) return -errno;
  pl_from_sockaddr(&storage, address);
  return 0;
}

int pl_peer_address(int fd, struct pl_address *address) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  if (getpeername(fd, (struct sockaddr *)&storage, &length) < 0) return -errno;
  pl_from_sockaddr(&storage, address);
  return 0;
}

int pl_original_destination(int fd, int family, struct pl_address *address) {
  struct sockaddr_storage storage;
  memset(&storage, 0, sizeof storage);
  socklen_t length =
      family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  if (getsockopt(fd, level, 80, &storage, &length) < 0) return -errno;
  pl_from_sockaddr(&storage, address);
  return 0;
}

int pl_set_option(int fd, int level, int name, int value) {
  PL_RESULT(setsockopt(fd, level, name, &value, sizeof value));
}

int pl_pending_error(int fd) {
  int value = 0;
  socklen_t length = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) < 0) return -errno;
  return value;
}

int pl_tcp_state(int fd) {
  struct tcp_info info = {0};
  socklen_t length = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0) return -errno;
  return info.tcpi_state;
}

int pl_reset_on_close(int fd) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  PL_RESULT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
}

int pl_shutdown_write(int fd) { PL_RESULT(shutdown(fd, SHUT_WR)); }

ssize_t pl_receive(int fd, void *bytes, size_t count) {
  PL_RESULT(recv(fd, bytes, count, 0));
}

int pl_peek(int fd) {
  char byte;
  PL_RESULT((int)recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT));
}

ssize_t pl_peek_byte(int fd, unsigned char *byte) {
  PL_RESULT(recv(fd, byte, 1, MSG_PEEK | MSG_DONTWAIT));
}

ssize_t pl_send(int fd, const void *bytes, size_t count, int more) {
  PL_RESULT(send(fd, bytes, count, MSG_NOSIGNAL | (more ? MSG_MORE : 0)));
}

ssize_t pl_splice(int from, int to, size_t count, int more) {
  PL_RESULT(splice(from, NULL, to, NULL, count,
                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0)));
}

// Netlink

int pl_sock_diag_socket(void) {
  PL_RESULT(socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
}

ssize_t pl_netlink_receive(int fd, void *bytes, size_t count, uint32_t *sender) {
  struct sockaddr_nl from = {0};
  socklen_t length = sizeof from;
  ssize_t result =
      recvfrom(fd, bytes, count, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
  if (result < 0) return -errno;
  *sender = from.nl_pid;
  return result;
}

// Pipes, files

int pl_pipe(int ends[2]) { PL_RESULT(pipe2(ends, O_CLOEXEC | O_NONBLOCK)); }

int pl_set_pipe_size(int fd, int bytes) {
  PL_RESULT(fcntl(fd, F_SETPIPE_SZ, bytes));
}

ssize_t pl_read(int fd, void *bytes, size_t count) {
  PL_RESULT(read(fd, bytes, count));
}

ssize_t pl_write(int fd, const void *bytes, size_t count) {
  PL_RESULT(write(fd, bytes, count));
}

int pl_open_append(const char *path, unsigned mode) {
  PL_RESULT(open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode));
}

int pl_is_regular(int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return -errno;
  return S_ISREG(status.st_mode);
}

int64_t pl_file_size(int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return -errno;
  return status.st_size;
}

int64_t pl_file_position(int fd) { PL_RESULT(lseek(fd, 0, SEEK_CUR)); }

ssize_t pl_read_at(int fd, void *bytes, size_t count, int64_t position) {
  PL_RESULT(pread(fd, bytes, count, position));
}

int pl_truncate(int fd, int64_t size) { PL_RESULT(ftruncate(fd, size)); }

int pl_open_null(void) { PL_RESULT(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// epoll. The event struct is packed on x86-64 only, so its fields are read here.

int pl_epoll_create(void) { PL_RESULT(epoll_create1(EPOLL_CLOEXEC)); }

int pl_epoll_add(int epoll, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  PL_RESULT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

int pl_epoll_remove(int epoll, int fd) {
  struct epoll_event event = {0};
  PL_RESULT(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event));
}

int pl_epoll_wait(int epoll, void *events, int capacity, int milliseconds) {
  PL_RESULT(epoll_wait(epoll, (struct epoll_event *)events, capacity, milliseconds));
}

size_t pl_epoll_event_size(void) { return sizeof(struct epoll_event); }

uint64_t pl_epoll_data(const void *events, int index) {
  return ((const struct epoll_event *)events)[index].data.u64;
}

uint32_t pl_epoll_events(const void *events, int index) {
  return ((const struct epoll_event *)events)[index].events;
}

_Static_assert(pl_readable == EPOLLIN, "");
_Static_assert(pl_urgent == EPOLLPRI, "");
_Static_assert(pl_writable == EPOLLOUT, "");
_Static_assert(pl_error == EPOLLERR, "");
_Static_assert(pl_hangup == EPOLLHUP, "");
_Static_assert(pl_read_hangup == EPOLLRDHUP, "");
_Static_assert(pl_edge_triggered == EPOLLET, "");

// Wake-ups and signals

int pl_eventfd(void) { PL_RESULT(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int pl_signalfd(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int index = 0; index < count; index++) sigaddset(&set, signals[index]);
  int failed = pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (failed) return -failed;
  PL_RESULT(signalfd(-1, &set, SFD_CLOEXEC));
}

size_t pl_signal_info_size(void) { return sizeof(struct signalfd_siginfo); }

int pl_wait_readable(int fd, int milliseconds) {
  struct pollfd entry = {.fd = fd, .events = POLLIN};
  PL_RESULT(poll(&entry, 1, milliseconds));
}

int pl_wait_writable(int fd, int milliseconds) {
  struct pollfd entry = {.fd = fd, .events = POLLOUT};
  PL_RESULT(poll(&entry, 1, milliseconds));
}

// inotify: what happens to names in a directory and to the files behind them

int pl_inotify(void) { PL_RESULT(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)); }

int pl_inotify_add(int fd, const char *directory, uint32_t events) {
  PL_RESULT(inotify_add_watch(fd, directory, events | IN_ONLYDIR | IN_MASK_ADD));
}

int pl_inotify_remove(int fd, int watch) { PL_RESULT(inotify_rm_watch(fd, watch)); }

_Static_assert(pl_file_modified == IN_MODIFY, "");
_Static_assert(pl_file_attributes == IN_ATTRIB, "");
_Static_assert(pl_file_closed == IN_CLOSE_WRITE, "");
_Static_assert(pl_name_moved_from == IN_MOVED_FROM, "");
_Static_assert(pl_name_moved_to == IN_MOVED_TO, "");
_Static_assert(pl_name_created == IN_CREATE, "");
_Static_assert(pl_name_deleted == IN_DELETE, "");
_Static_assert(pl_directory_deleted == IN_DELETE_SELF, "");
_Static_assert(pl_directory_moved == IN_MOVE_SELF, "");
_Static_assert(pl_directory_unmounted == IN_UNMOUNT, "");
_Static_assert(pl_events_lost == IN_Q_OVERFLOW, "");
_Static_assert(pl_watch_ended == IN_IGNORED, "");

// Memory

void *pl_map_pages(size_t count) {
  void *start = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

void pl_unmap_pages(void *start, size_t count) { munmap(start, count); }

// Clocks, randomness, the process

static uint64_t pl_clock(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t pl_monotonic_clock(void) { return pl_clock(CLOCK_MONOTONIC); }
uint64_t pl_wall_clock(void) { return pl_clock(CLOCK_REALTIME); }

int pl_set_not_dumpable(void) { PL_RESULT(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); }
int pl_set_no_new_privileges(void) {
  PL_RESULT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

int pl_set_core_limit_zero(void) {
  struct rlimit none = {0, 0};
  PL_RESULT(setrlimit(RLIMIT_CORE, &none));
}

int64_t pl_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  }
  return limit.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)limit.rlim_cur;
}

void pl_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
