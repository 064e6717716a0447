/*
 * The queue work of the benchmark on libzmq in C: a broker of two hops, ROUTER to ROUTER, in a process of its own, that confirms each message
 * and is told of each that was accepted; and its clients, a sender and a receiver.
 *
 *   zeromq BACKEND URL QUEUE BYTES IN-FLIGHT SECONDS      (the first three are not used)
 *
 * Prints one line of JSON, as main.go in the folder above does, with the processor time of the broker as well. It declares itself what it calls, so that
 * libzmq is enough, without its headers.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

void *zmq_ctx_new(void);
void *zmq_socket(void *context, int type);
int zmq_bind(void *socket, const char *place);
int zmq_connect(void *socket, const char *place);
int zmq_setsockopt(void *socket, int option, const void *value, size_t length);
int zmq_getsockopt(void *socket, int option, void *value, size_t *length);
int zmq_send(void *socket, const void *bytes, size_t length, int flags);
int zmq_recv(void *socket, void *bytes, size_t length, int flags);
typedef struct { void *socket; int fd; short events; short revents; } zmq_pollitem_t;
int zmq_poll(zmq_pollitem_t *items, int count, long timeout);

enum { DEALER = 5, ROUTER = 6, DONTWAIT = 1, SNDMORE = 2, POLLIN = 1, LAST_ENDPOINT = 32, SNDHWM = 23, RCVHWM = 24 };

#define WARM_UP 20000
#define MOST_BYTES 65536
#define NAME 256

static int bytes, in_flight, seconds;
static char front_place[NAME], back_place[NAME];
static volatile long arrived;

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

static void *socket_of(void *context, int type) {
  void *socket = zmq_socket(context, type);
  int none = 0;
  zmq_setsockopt(socket, SNDHWM, &none, sizeof none);
  zmq_setsockopt(socket, RCVHWM, &none, sizeof none);
  return socket;
}

static void place_of(void *socket, char *place) {
  size_t length = NAME;
  zmq_bind(socket, "tcp://127.0.0.1:*");
  zmq_getsockopt(socket, LAST_ENDPOINT, place, &length);
}

/* A message that waits. */
struct message { uint64_t number; int length; char *body; };

static void broker(int told) {
  void *context = zmq_ctx_new();
  void *front = socket_of(context, ROUTER), *back = socket_of(context, ROUTER);
  place_of(front, front_place);
  place_of(back, back_place);
  if (write(told, front_place, NAME) != NAME || write(told, back_place, NAME) != NAME) exit(1);
  int room = 0, worker_length = 0;
  /* More than ever waits: a sender has at most in_flight unconfirmed, and a confirmed one waits at most as long as the receiver takes. */
  size_t slots = 1 << 22, head = 0, tail = 0;
  struct message *waiting = calloc(slots, sizeof *waiting);
  char worker[NAME], sender[NAME], body[MOST_BYTES];
  zmq_pollitem_t items[] = {{front, 0, POLLIN, 0}, {back, 0, POLLIN, 0}};
  for (;;) {
    zmq_poll(items, 2, -1);
    int length;
    for (int at = 0; at < 100 && tail - head < slots && (length = zmq_recv(front, sender, NAME, DONTWAIT)) > 0; at++) {
      struct message *message = &waiting[tail++ % slots];
      zmq_recv(front, &message->number, sizeof message->number, 0);
      message->length = zmq_recv(front, body, MOST_BYTES, 0);
      message->body = malloc(message->length);
      memcpy(message->body, body, message->length);
      zmq_send(front, sender, length, SNDMORE);
      zmq_send(front, &message->number, sizeof message->number, 0);
    }
    for (int at = 0; at < 100 && (length = zmq_recv(back, worker, NAME, DONTWAIT)) > 0; at++) {
      int32_t more;
      worker_length = length;
      zmq_recv(back, &more, sizeof more, 0);
      room += more;
    }
    for (; room > 0 && head < tail; room--) {
      struct message *message = &waiting[head++ % slots];
      zmq_send(back, worker, worker_length, SNDMORE);
      zmq_send(back, &message->number, sizeof message->number, SNDMORE);
      zmq_send(back, message->body, message->length, 0);
      free(message->body);
    }
  }
}

static void *receive(void *context) {
  void *socket = socket_of(context, DEALER);
  zmq_connect(socket, back_place);
  int32_t room = in_flight, one = 1;
  zmq_send(socket, &room, sizeof room, 0);
  uint64_t number;
  char body[MOST_BYTES];
  for (;;) {
    zmq_recv(socket, &number, sizeof number, 0);
    zmq_recv(socket, body, MOST_BYTES, 0);
    arrived++;
    zmq_send(socket, &one, sizeof one, 0);
  }
}

static void *send_all(void *context) {
  void *socket = socket_of(context, DEALER);
  zmq_connect(socket, front_place);
  char *body = calloc(1, bytes);
  uint64_t number = 0, confirmed;
  for (int open = 0;;) {
    for (; open < in_flight; open++) {
      zmq_send(socket, &number, sizeof number, SNDMORE);
      zmq_send(socket, body, bytes, 0);
      number++;
    }
    zmq_recv(socket, &confirmed, sizeof confirmed, 0);
    for (open--; zmq_recv(socket, &confirmed, sizeof confirmed, DONTWAIT) > 0; open--);
  }
}

static double spent(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* Unit: ms. */
static double spent_by(pid_t pid) {
  char path[NAME], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  unsigned long user = 0, system = 0;
  sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return (user + system) * 1000.0 / sysconf(_SC_CLK_TCK);
}

int main(int count, char **arguments) {
  if (count < 7) return 2;
  bytes = atoi(arguments[4]);
  in_flight = atoi(arguments[5]);
  seconds = atoi(arguments[6]);
  int told[2];
  if (pipe(told)) return 1;
  pid_t child = fork();
  if (child == 0) broker(told[1]);
  if (read(told[0], front_place, NAME) != NAME || read(told[0], back_place, NAME) != NAME) return 1;
  void *context = zmq_ctx_new();
  pthread_t receiver, sender;
  pthread_create(&receiver, NULL, receive, context);
  pthread_create(&sender, NULL, send_all, context);
  while (arrived < WARM_UP) usleep(1000);
  long from = arrived;
  double begun = now(), cpu = spent(RUSAGE_SELF), broker_cpu = spent_by(child);
  sleep(seconds);
  long all = arrived;
  double took = now() - begun;
  cpu = spent(RUSAGE_SELF) - cpu;
  broker_cpu = spent_by(child) - broker_cpu;
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  printf("{\"counted\":%ld,\"all\":%ld,\"seconds\":%f,\"cpuMs\":%f,\"brokerMs\":%f}\n", all - from, all, took, cpu, broker_cpu);
  _exit(fflush(stdout));
}
