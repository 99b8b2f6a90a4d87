#pragma once

#include <cuda_runtime_api.h>

// A cluster of blocks that run at the same time and read each other's shared memory. Before compute
// capability 9.0 there are none: a block is a cluster of its own there.
namespace epi::cuda {

/// Which block of the cluster this is.
__device__ inline int clusterRank() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    return static_cast<int>(__clusterRelativeBlockRank());
#else
    return 0;
#endif
}

/// Blocks in the cluster.
__device__ inline int clusterSize() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    return static_cast<int>(__clusterSizeInBlocks());
#else
    return 1;
#endif
}

/// A barrier for all threads of the cluster: what was written before it, in whatever memory, is seen behind
/// it. No block may end while another can still read its shared memory.
__device__ inline void syncCluster() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.arrive.release;" ::: "memory");
    asm volatile("barrier.cluster.wait.acquire;" ::: "memory");
#else
    __syncthreads();
#endif
}

/// Where block `rank` of the cluster has what is at `pointer` in this block's shared memory.
template <typename T>
__device__ const T* inBlock(const T* pointer, int rank) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    return static_cast<const T*>(__cluster_map_shared_rank(pointer, static_cast<unsigned>(rank)));
#else
    static_cast<void>(rank);
    return pointer;
#endif
}

}  // namespace epi::cuda
