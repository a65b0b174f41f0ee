/** The same in a CommonJS project: what compilers turn into require. */
import { BatchNorm, randn, type Tensor } from "batchnorm";
import { diagnose } from "batchnorm/diagnose";
import { readSafetensors } from "batchnorm/formats";
import { resnet } from "batchnorm/models";
import { ReferenceDevice } from "batchnorm/reference";
import { connect } from "batchnorm-mpi";
import { readModel } from "batchnorm-onnx";

export const output: Tensor = new BatchNorm(64).forward(randn([32, 64]));
export const used = [diagnose, readSafetensors, resnet, ReferenceDevice, connect, readModel];
