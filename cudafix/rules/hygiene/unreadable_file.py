"""A file that cannot be analysed.

## What it does
Reports a file that names a backend and cannot be read as Python: a syntax error, a wrong encoding, Python 2.

## Why is this bad?
cudafix cannot tell whether it holds a hardcoded call, so a gate must not pass over it in silence.

## Example
```python
print torch.cuda.device_count()
```

## Use instead
```python
print(torch.cuda.device_count())
```

## Fix safety
There is no fix. Leave the file out with `exclude`, or the rule with `per-file-ignores`.
"""
