export { Inception, type InceptionOptions, inception } from "./inception.ts";
export { MnistNetwork, type MnistNetworkOptions, mnistNetwork } from "./mnist.ts";
export { ResNet, type ResNetOptions, resnet } from "./resnet.ts";
