export { type InceptionOptions, inception } from "./inception.ts";
export { type MnistNetworkOptions, mnistNetwork } from "./mnist.ts";
export { type ResNetOptions, resnet } from "./resnet.ts";
