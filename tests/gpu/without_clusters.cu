#include <cstdint>

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

#include <dlfcn.h>
#include <library_types.h>

// Loaded before everything else (LD_PRELOAD), this library takes the place of what would launch clusters of
// blocks: cuBLAS's 16-bit products become a plain kernel, and the drawing of tokens finds that a cluster has
// one block. compute-sanitizer's racecheck (2025.3) stops a program at its first cluster, whatever kernels it
// was told to look at.
//   LD_PRELOAD=libepi_without_clusters.so compute-sanitizer --tool racecheck epichat-parity --brief MODEL

namespace {

constexpr int kSuccess = 0;  // of cuBLAS
constexpr int kNotSupported = 15;

struct Matrix {
    const void* data;
    cudaDataType_t type;
    int leading;
    bool isTransposed;
    long long stride;  // from one of a batch to the next

    [[nodiscard]] __device__ float at(long long batch, int row, int column) const {
        const long long place =
            batch * stride + (isTransposed ? row * static_cast<long long>(leading) + column
                                           : column * static_cast<long long>(leading) + row);
        switch (type) {
            case CUDA_R_16BF:
                return __bfloat162float(static_cast<const __nv_bfloat16*>(data)[place]);
            case CUDA_R_16F:
                return __half2float(static_cast<const __half*>(data)[place]);
            default:
                return static_cast<const float*>(data)[place];
        }
    }

    /// Row `row` of a transposed matrix, or column `row` of another, where hasEights says yes.
    [[nodiscard]] __device__ const uint4* eightsAt(long long batch, int row) const {
        const long long place = batch * stride + row * static_cast<long long>(leading);
        return reinterpret_cast<const uint4*>(static_cast<const __nv_bfloat16*>(data) + place);
    }
    [[nodiscard]] bool hasEights() const {
        return type == CUDA_R_16BF && leading % 8 == 0 && stride % 8 == 0 &&
               reinterpret_cast<std::uintptr_t>(data) % 16 == 0;
    }
};

struct Product {
    Matrix a;  // [m, k]
    Matrix b;  // [k, n]
    Matrix c;  // [m, n]
    int m;
    int n;
    int k;
    float alpha;
    float beta;
    bool hasEights;  // the summed dimension lies side by side in both operands, in bf16
};

/// Products of 8 bf16 values each, added up.
__device__ float dotOfEight(const uint4& a, const uint4& b) {
    const std::uint32_t x[4] = {a.x, a.y, a.z, a.w};
    const std::uint32_t y[4] = {b.x, b.y, b.z, b.w};
    float sum = 0.0F;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        sum = fmaf(__uint_as_float(x[i] << 16), __uint_as_float(y[i] << 16), sum);
        sum = fmaf(__uint_as_float(x[i] & 0xffff0000U), __uint_as_float(y[i] & 0xffff0000U), sum);
    }
    return sum;
}

/// One thread per element of the result.
__global__ void multiply(const __grid_constant__ Product product, void* result) {
    const long long index = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (index >= static_cast<long long>(product.m) * product.n) return;
    const int row = static_cast<int>(index % product.m);
    const int column = static_cast<int>(index / product.m);
    const long long batch = blockIdx.y;
    float sum = 0.0F;
    if (product.hasEights) {
        const uint4* const a = product.a.eightsAt(batch, row);
        const uint4* const b = product.b.eightsAt(batch, column);
        for (int i = 0; i < product.k / 8; ++i)
            sum += dotOfEight(a[i], b[i]);
    } else {
        for (int i = 0; i < product.k; ++i)
            sum = fmaf(product.a.at(batch, row, i), product.b.at(batch, i, column), sum);
    }
    sum *= product.alpha;
    if (product.beta != 0.0F) sum = fmaf(product.beta, product.c.at(batch, row, column), sum);
    const long long place =
        batch * product.c.stride + column * static_cast<long long>(product.c.leading) + row;
    switch (product.c.type) {
        case CUDA_R_16BF:
            static_cast<__nv_bfloat16*>(result)[place] = __float2bfloat16(sum);
            break;
        case CUDA_R_16F:
            static_cast<__half*>(result)[place] = __float2half(sum);
            break;
        default:
            static_cast<float*>(result)[place] = sum;
    }
}

/// The stream of a handle. cuBLAS is there, since it was called, but not for a library loaded before it.
int streamOf(void* handle, cudaStream_t* stream) {
    void* const library = dlopen("libcublas.so.13", RTLD_LAZY | RTLD_NOLOAD);
    if (library == nullptr) return kNotSupported;
    using GetStream = int (*)(void*, cudaStream_t*);
    const auto getStream = reinterpret_cast<GetStream>(dlsym(library, "cublasGetStream_v2"));
    return getStream == nullptr ? kNotSupported : getStream(handle, stream);
}

bool isKnown(cudaDataType_t type) {
    return type == CUDA_R_16BF || type == CUDA_R_16F || type == CUDA_R_32F;
}

}  // namespace

extern "C" {

/// cuBLAS's function of this name for factors alpha and beta in fp32 and operands of 16 or 32 bits.
int cublasGemmStridedBatchedEx(void* handle,
                               int transA,
                               int transB,
                               int m,
                               int n,
                               int k,
                               const void* alpha,
                               const void* a,
                               cudaDataType_t typeA,
                               int leadingA,
                               long long strideA,
                               const void* b,
                               cudaDataType_t typeB,
                               int leadingB,
                               long long strideB,
                               const void* beta,
                               void* c,
                               cudaDataType_t typeC,
                               int leadingC,
                               long long strideC,
                               int batches,
                               int /*computeType*/,
                               int /*algorithm*/) {
    if (!isKnown(typeA) || !isKnown(typeB) || !isKnown(typeC)) return kNotSupported;
    cudaStream_t stream = nullptr;
    if (const int status = streamOf(handle, &stream); status != kSuccess) return status;
    Product product{.a = {a, typeA, leadingA, transA != 0, strideA},
                    .b = {b, typeB, leadingB, transB != 0, strideB},
                    .c = {c, typeC, leadingC, false, strideC},
                    .m = m,
                    .n = n,
                    .k = k,
                    .alpha = *static_cast<const float*>(alpha),
                    .beta = *static_cast<const float*>(beta),
                    .hasEights = false};
    product.hasEights =
        transA != 0 && transB == 0 && k % 8 == 0 && product.a.hasEights() && product.b.hasEights();
    constexpr unsigned kThreads = 256;
    const auto elements = static_cast<unsigned long long>(m) * static_cast<unsigned long long>(n);
    const dim3 grid(static_cast<unsigned>((elements + kThreads - 1) / kThreads),
                    static_cast<unsigned>(batches));
    multiply<<<grid, kThreads, 0, stream>>>(product, c);
    return cudaGetLastError() == cudaSuccess ? kSuccess : kNotSupported;
}

/// The same for one product.
int cublasGemmEx(void* handle,
                 int transA,
                 int transB,
                 int m,
                 int n,
                 int k,
                 const void* alpha,
                 const void* a,
                 cudaDataType_t typeA,
                 int leadingA,
                 const void* b,
                 cudaDataType_t typeB,
                 int leadingB,
                 const void* beta,
                 void* c,
                 cudaDataType_t typeC,
                 int leadingC,
                 int computeType,
                 int algorithm) {
    return cublasGemmStridedBatchedEx(handle,
                                      transA,
                                      transB,
                                      m,
                                      n,
                                      k,
                                      alpha,
                                      a,
                                      typeA,
                                      leadingA,
                                      0,
                                      b,
                                      typeB,
                                      leadingB,
                                      0,
                                      beta,
                                      c,
                                      typeC,
                                      leadingC,
                                      0,
                                      1,
                                      computeType,
                                      algorithm);
}

/// One block per cluster, on every GPU.
cudaError_t cudaOccupancyMaxPotentialClusterSize(int* size,
                                                 const void* /*kernel*/,
                                                 const cudaLaunchConfig_t* /*config*/) {
    *size = 1;
    return cudaSuccess;
}

}  // extern "C"
