import torch


def release(model):
    del model
    torch.cuda.empty_cache()
    return torch.cuda.is_available()


def capture():
    return torch.cuda.CUDAGraph()
