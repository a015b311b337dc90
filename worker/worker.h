#ifndef LWS_WORKER_H
#define LWS_WORKER_H
#endif
