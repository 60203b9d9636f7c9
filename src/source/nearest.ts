export { didYouMean, nearest } from '../contract/nearest.ts';
