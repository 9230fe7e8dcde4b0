"""Projects a volume by ITK's SiddonJacobsRayCastInterpolateImageFunction, arranged as the program of midas-journal-784 arranges it for DRR-RATE."""

import json
import math
import sys

import itk
import numpy as np

settings = json.loads(sys.argv[1])
x, y, z = settings["shape"]
size = settings["size"]
values = np.fromfile(settings["volume"], dtype=np.float32).reshape(z, y, x)
image = itk.image_from_array(np.ascontiguousarray(values.astype(np.float32)))
image.SetSpacing([float(step) for step in settings["spacing"]])
image.SetOrigin([0.0, 0.0, 0.0])  # the program does not take the file's

Image = type(image)
transform = itk.Euler3DTransform[itk.D].New()
transform.SetComputeZYX(True)
transform.SetTranslation([0.0, 300.0, 0.0])
transform.SetRotation(0.0, 0.0, math.radians(settings["turn"]))
transform.SetCenter([step * count / 2 for step, count in zip(settings["spacing"], settings["shape"])])

rays = itk.SiddonJacobsRayCastInterpolateImageFunction[Image, itk.D].New()
rays.SetInputImage(image)
rays.SetProjectionAngle(0.0)
rays.SetFocalPointToIsocenterDistance(1000.0)
rays.SetThreshold(float(settings["threshold"]))
rays.SetTransform(transform)
rays.Initialize()

pitch = 0.51 * 512 / size
first = -pitch * (size - 1) / 2
out = np.zeros((size, size), dtype=np.float64)
for row in range(size):
    for column in range(size):
        point = itk.Point[itk.D, 3]([first + pitch * column, first + pitch * row, -1000.0])
        out[row, column] = rays.Evaluate(point)
out[::-1].tofile(settings["out"])  # the program turns its pictures over
