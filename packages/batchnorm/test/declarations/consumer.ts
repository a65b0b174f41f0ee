/** A project of somebody else's: strict, checks the declarations it imports too, has no Node types and no newest library. */
import { BatchNorm, Inference, randn, Sequential, type Tensor, Trainer } from "batchnorm";
import { diagnose } from "batchnorm/diagnose";
import { checkGradients, PlainLayer } from "batchnorm/extend";
import { readSafetensors } from "batchnorm/formats";
import { resnet } from "batchnorm/models";
import { ReferenceDevice } from "batchnorm/reference";
import { connect } from "batchnorm-mpi";
import { readModel } from "batchnorm-onnx";

export const output: Tensor = new BatchNorm(64).forward(randn([32, 64]));
export const used = [
  Inference,
  Sequential,
  Trainer,
  diagnose,
  readSafetensors,
  resnet,
  ReferenceDevice,
  checkGradients,
  PlainLayer,
  connect,
  readModel,
];
